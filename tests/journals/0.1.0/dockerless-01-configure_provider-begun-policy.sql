-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "40921", "USE_S3": "false", "AWS_STORAGE_BUCKET_NAME": ""}
-- statuses: {"configure_provider": "begun", "copy_media": "todo", "enable_s3": "todo", "collect_static": "todo", "set_cors": "todo", "restart": "todo", "verify_cors": "todo", "update_connector": "todo"}
-- armed: false
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569880132282590863e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1795698804.97153,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569881009801197045e+09,'configure_provider','begun');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[]');
INSERT INTO "meta" VALUES('configure_provider.policy-before http://127.0.0.1:13893/books-killed-everywhere','{"region": "us-east-1", "switches": {}}');
INSERT INTO "meta" VALUES('cors before the probe','');
INSERT INTO "meta" VALUES('id','e16bf8f030d54ccc9348cceed0002b1a');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "dockerless", "provider": "seaweedfs", "endpoint": "http://127.0.0.1:13893", "region": "us-east-1", "bucket": "books-killed-everywhere", "custom_domain": "127.0.0.1:13893/books-killed-everywhere", "url_protocol": "http:", "acl": "", "acl_known": true, "site_url": "http://localhost:40921", "restart_command": "./site restart", "limit_rate": 0}');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('configure_provider','begun','{"bucket": "books-killed-everywhere", "custom_domain": "127.0.0.1:13893/books-killed-everywhere", "endpoint": "http://127.0.0.1:13893", "region": "us-east-1", "url_protocol": "http:"}','[]',NULL,1.79569881009636473658e+09,0.000882694999972955);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
COMMIT;
