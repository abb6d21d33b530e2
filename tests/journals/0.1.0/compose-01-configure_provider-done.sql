-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "40211", "USE_S3": "false", "AWS_STORAGE_BUCKET_NAME": "books-without-a-fault"}
-- statuses: {"configure_provider": "done", "copy_media": "todo", "enable_s3": "todo", "collect_static": "todo", "set_cors": "todo", "restart": "todo", "verify_cors": "todo", "update_connector": "todo"}
-- armed: false
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569823853822898868e+09,'configure_provider','begun');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[]');
INSERT INTO "meta" VALUES('configure_provider.lines','{"AWS_ACCESS_KEY_ID": "env-20261126-130400-00.bak", "AWS_SECRET_ACCESS_KEY": "env-20261126-130400-00.bak", "AWS_STORAGE_BUCKET_NAME": "env-20261126-130400-00.bak", "AWS_S3_REGION_NAME": "env-20261126-130400-00.bak", "AWS_S3_CUSTOM_DOMAIN": "env-20261126-130400-00.bak", "AWS_S3_ENDPOINT_URL": "env-20261126-130400-00.bak", "AWS_S3_URL_PROTOCOL": "env-20261126-130400-00.bak", "AWS_DEFAULT_ACL": "env-20261126-130400-00.bak", "CSP_ADDITIONAL_HOSTS": "env-20261126-130400-00.bak"}');
INSERT INTO "meta" VALUES('configure_provider.policy-before http://172.17.0.1:21464/books-without-a-fault','{"region": "us-east-1", "switches": {}}');
INSERT INTO "meta" VALUES('cors before the probe','');
INSERT INTO "meta" VALUES('id','fb5b6688283e4561bc07f886c73138c7');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "compose", "provider": "seaweedfs", "endpoint": "http://172.17.0.1:21464", "region": "us-east-1", "bucket": "books-without-a-fault", "custom_domain": "172.17.0.1:21464/books-without-a-fault", "url_protocol": "http:", "acl": "", "acl_known": true, "site_url": "http://localhost:40211", "restart_command": "", "limit_rate": 0}');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('configure_provider','done','{"bucket": "books-without-a-fault", "custom_domain": "172.17.0.1:21464/books-without-a-fault", "endpoint": "http://172.17.0.1:21464", "region": "us-east-1", "url_protocol": "http:"}','[{"asked": "Does http://172.17.0.1:21464 answer?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the connection to the storage safe?", "problem": null, "seen": "no, it is plain http: use it on your own machine or network only", "verdict": "remark"}, {"asked": "Is this machine''s clock right?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the storage accept the keys?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket books-without-a-fault there?", "problem": null, "seen": "yes, it was created now", "verdict": "pass"}, {"asked": "Can files be stored below images/ and static/?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can they be replaced and read back?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Does the storage accept the ACL public-read?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the ACL public-read open a file to strangers?", "problem": null, "seen": "no, it is accepted without effect", "verdict": "pass"}, {"asked": "Can a stranger read through 172.17.0.1:21464/books-without-a-fault?", "problem": null, "seen": "not yet: a bucket policy will open images/* and static/*, and nothing else", "verdict": "remark"}, {"asked": "Can CORS rules be read and set?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can objects be deleted?", "problem": null, "seen": "yes, the 4 canaries are gone", "verdict": "pass"}, {"asked": "Does the bucket policy let strangers read?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below images/, through 172.17.0.1:21464/books-without-a-fault?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below static/, through 172.17.0.1:21464/books-without-a-fault?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Is everything outside of images/ and static/ closed to strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the list of files hidden from strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does .env have BookWyrm''s lines for this storage?", "problem": null, "seen": "yes, 9 of them", "verdict": "pass"}]',NULL,1.79569824025669145584e+09,1.72493607399997017637e+00);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
COMMIT;
