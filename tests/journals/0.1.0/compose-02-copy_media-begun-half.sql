-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "57759", "USE_S3": "false", "AWS_STORAGE_BUCKET_NAME": "books-killed-everywhere"}
-- statuses: {"configure_provider": "done", "copy_media": "begun", "enable_s3": "todo", "collect_static": "todo", "set_cors": "todo", "restart": "todo", "verify_cors": "todo", "update_connector": "todo"}
-- armed: false
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "files" VALUES('bf094a214600',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67',408,1795698890000000000,X'D7C4F3E248737089236DF7D0FE6C002C','d7c4f3e248737089236df7d0fe6c002c');
INSERT INTO "files" VALUES('bf094a214600',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067',12642,1795698890000000000,X'579A81C8AFB34E598F654CF72F6CC5CD','579a81c8afb34e598f654cf72f6cc5cd');
INSERT INTO "files" VALUES('bf094a214600',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067',1537,1795698890000000000,X'910BA6F541887C521CDE5C2CB20F8388','910ba6f541887c521cde5c2cb20f8388');
INSERT INTO "files" VALUES('bf094a214600',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067',1487,1795698890000000000,X'54A5B6300B8AEDF155A632667B2F617D','54a5b6300b8aedf155a632667b2f617d');
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569890090371012689e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569890324540591243e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569890816289591791e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569891167827510834e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.7956989142716662884e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569891454721760745e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569891872692871098e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569892174517941477e+09,'copy_media','begun');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[]');
INSERT INTO "meta" VALUES('configure_provider.lines','{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_STORAGE_BUCKET_NAME": "", "AWS_S3_REGION_NAME": "", "AWS_S3_CUSTOM_DOMAIN": "", "AWS_S3_ENDPOINT_URL": "", "AWS_S3_URL_PROTOCOL": "", "AWS_DEFAULT_ACL": "", "CSP_ADDITIONAL_HOSTS": ""}');
INSERT INTO "meta" VALUES('configure_provider.policy-before http://172.17.0.1:13172/books-killed-everywhere','{"region": "us-east-1", "switches": {}}');
INSERT INTO "meta" VALUES('cors before the probe','');
INSERT INTO "meta" VALUES('id','e1c30d296eab4d0ab745b1f4354bdc7a');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "compose", "provider": "seaweedfs", "endpoint": "http://172.17.0.1:13172", "region": "us-east-1", "bucket": "books-killed-everywhere", "custom_domain": "172.17.0.1:13172/books-killed-everywhere", "url_protocol": "http:", "acl": "", "acl_known": true, "site_url": "http://localhost:57759", "restart_command": "", "limit_rate": 20000}');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('skipped copy_media','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('configure_provider','done','{"bucket": "books-killed-everywhere", "custom_domain": "172.17.0.1:13172/books-killed-everywhere", "endpoint": "http://172.17.0.1:13172", "region": "us-east-1", "url_protocol": "http:"}','[{"asked": "Does http://172.17.0.1:13172 answer?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the connection to the storage safe?", "problem": null, "seen": "no, it is plain http: use it on your own machine or network only", "verdict": "remark"}, {"asked": "Is this machine''s clock right?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the storage accept the keys?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket books-killed-everywhere there?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket empty?", "problem": null, "seen": "yes, but for what this migration put there", "verdict": "pass"}, {"asked": "Can files be stored below images/ and static/?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can they be replaced and read back?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Does the storage accept the ACL public-read?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the ACL public-read open a file to strangers?", "problem": null, "seen": "not needed: strangers can read without it", "verdict": "pass"}, {"asked": "Can a stranger read through 172.17.0.1:13172/books-killed-everywhere?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can CORS rules be read and set?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can objects be deleted?", "problem": null, "seen": "yes, the 4 canaries are gone", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below images/, through 172.17.0.1:13172/books-killed-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below static/, through 172.17.0.1:13172/books-killed-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Is everything outside of images/ and static/ closed to strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the list of files hidden from strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does .env have BookWyrm''s lines for this storage?", "problem": null, "seen": "yes, 9 of them", "verdict": "pass"}]',NULL,1.7956989145438959598e+09,2.75943180000012944219e-01);
INSERT INTO "results" VALUES('copy_media','begun','{"acl": "", "bucket": "books-killed-everywhere", "custom_domain": "172.17.0.1:13172/books-killed-everywhere", "endpoint": "http://172.17.0.1:13172"}','[]',NULL,1.79569892174474859242e+09,6.64464999999836436472e-04);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F636F766572732F23312026206F6E6C792E6A7067');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F636F766572732F4465722050726F7A657373202831393235292E6A7067');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F636F766572732F62323232316135382D303038612D343561362D383436342D3731353963333234633938352E6A7067');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F636F766572732F63643434376533352D623862362D343866652D383432652D3364343337323034653532642E6A7067');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F636F766572732FC38676696E74C3BD726920E28093203130302073C3B66775722E6A7067');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067');
INSERT INTO "sending" VALUES('bf094a214600',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067');
COMMIT;
