-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "53757", "USE_S3": "false", "AWS_STORAGE_BUCKET_NAME": ""}
-- statuses: {"configure_provider": "failed", "copy_media": "todo", "enable_s3": "todo", "collect_static": "todo", "set_cors": "todo", "restart": "todo", "verify_cors": "todo", "update_connector": "todo"}
-- armed: false
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569858148058152198e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569858167101192476e+09,'configure_provider','The keys may not write objects.');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[["http://127.0.0.1:19801/books-failing-everywhere", "images/bw-s3-canary-091cf6fe3f988313.svg"]]');
INSERT INTO "meta" VALUES('id','2f31a49a7e3f419f86dcbf06b968498b');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "dockerless", "provider": "seaweedfs", "endpoint": "http://127.0.0.1:19801", "region": "us-east-1", "bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "url_protocol": "http:", "acl": "", "acl_known": false, "site_url": "http://localhost:53757", "restart_command": "./site restart", "limit_rate": 0}');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('configure_provider','failed','{"bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "endpoint": "http://127.0.0.1:19801", "region": "us-east-1", "url_protocol": "http:"}','[]','{"decision": false, "field": "access_key_id", "raw": "PutObject: AccessDenied (403) Access Denied.", "remedies": [{"action": null, "text": "Give the keys the right s3:PutObject on this bucket in your provider''s console."}, {"action": "edit-provider", "text": "Use other keys."}], "what": "The keys may not write objects.", "why": "They lack the right s3:PutObject on the bucket books-failing-everywhere."}',1.79569858167042446135e+09,0.201525902999947);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
COMMIT;
