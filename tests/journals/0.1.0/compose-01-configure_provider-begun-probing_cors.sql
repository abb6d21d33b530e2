-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "57759", "USE_S3": "false", "AWS_STORAGE_BUCKET_NAME": ""}
-- statuses: {"configure_provider": "begun", "copy_media": "todo", "enable_s3": "todo", "collect_static": "todo", "set_cors": "todo", "restart": "todo", "verify_cors": "todo", "update_connector": "todo"}
-- armed: false
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569890090371012689e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569890324540591243e+09,'configure_provider','begun');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[["http://172.17.0.1:13172/books-killed-everywhere", "images/bw-s3-canary-91c4025c2c94e553.svg"], ["http://172.17.0.1:13172/books-killed-everywhere", "static/bw-s3-canary-41755009fa25a771.css"], ["http://172.17.0.1:13172/books-killed-everywhere", "images/bw-s3-canary-8272e61d4b7becb9.svg"], ["http://172.17.0.1:13172/books-killed-everywhere", "static/bw-s3-canary-d035090e34599237.css"]]');
INSERT INTO "meta" VALUES('cors before the probe','["http://172.17.0.1:13172/books-killed-everywhere", []]');
INSERT INTO "meta" VALUES('id','e1c30d296eab4d0ab745b1f4354bdc7a');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "compose", "provider": "seaweedfs", "endpoint": "http://172.17.0.1:13172", "region": "us-east-1", "bucket": "books-killed-everywhere", "custom_domain": "172.17.0.1:13172/books-killed-everywhere", "url_protocol": "http:", "acl": "", "acl_known": false, "site_url": "http://localhost:57759", "restart_command": "", "limit_rate": 0}');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('configure_provider','begun','{"bucket": "books-killed-everywhere", "custom_domain": "172.17.0.1:13172/books-killed-everywhere", "endpoint": "http://172.17.0.1:13172", "region": "us-east-1", "url_protocol": "http:"}','[]',NULL,1.79569890324507355685e+09,0.000362920000043232);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
COMMIT;
