-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "40921", "USE_S3": "true", "AWS_STORAGE_BUCKET_NAME": "books-killed-everywhere"}
-- statuses: {"configure_provider": "done", "copy_media": "done", "enable_s3": "done", "collect_static": "done", "set_cors": "begun", "restart": "todo", "verify_cors": "todo", "update_connector": "todo"}
-- armed: true
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67',408,1795698794901392919,X'D7C4F3E248737089236DF7D0FE6C002C','d7c4f3e248737089236df7d0fe6c002c');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F636F766572732F23312026206F6E6C792E6A7067',14159,1795698794890845362,X'C59CC584265A17DE6CFB46271A8E006C','c59cc584265a17de6cfb46271a8e006c');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F636F766572732F4465722050726F7A657373202831393235292E6A7067',37209,1795698794846619285,X'57314DBEFD6CC20F58F951DFBF5A9975','57314dbefd6cc20f58f951dfbf5a9975');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F636F766572732F62323232316135382D303038612D343561362D383436342D3731353963333234633938352E6A7067',11096,1795698794895840930,X'83D3AE4CC29175346DC75EB4C55C499F','83d3ae4cc29175346dc75eb4c55c499f');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067',12642,1795698794885049837,X'579A81C8AFB34E598F654CF72F6CC5CD','579a81c8afb34e598f654cf72f6cc5cd');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F636F766572732F63643434376533352D623862362D343866652D383432652D3364343337323034653532642E6A7067',19858,1795698794900946083,X'4BACA22248CC97D4EFE393042CB604C7','4baca22248cc97d4efe393042cb604c7');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F636F766572732FC38676696E74C3BD726920E28093203130302073C3B66775722E6A7067',8144,1795698794889069915,X'EA10535301010AAEB6112451A6AB9B2E','ea10535301010aaeb6112451a6ab9b2e');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067',1537,1795698794891888922,X'910BA6F541887C521CDE5C2CB20F8388','910ba6f541887c521cde5c2cb20f8388');
INSERT INTO "files" VALUES('2a8009cc970e',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067',1487,1795698794878703769,X'54A5B6300B8AEDF155A632667B2F617D','54a5b6300b8aedf155a632667b2f617d');
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569880132282590863e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1795698804.97153,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569881009801197045e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569881433203077311e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569881725271773345e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569881746738529201e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569882013509202005e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569882194998645778e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569882454318332674e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1795698828.99973,'copy_media','done');
INSERT INTO "log" VALUES(1.79569883159179878237e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569883432660102849e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569883624346041681e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569883627396035194e+09,'enable_s3','done');
INSERT INTO "log" VALUES(1.79569883998003411288e+09,'collect_static','begun');
INSERT INTO "log" VALUES(1.79569884574791932109e+09,'collect_static','begun');
INSERT INTO "log" VALUES(1.79569885116114187238e+09,'collect_static','begun');
INSERT INTO "log" VALUES(1.79569885352737617497e+09,'collect_static','done');
INSERT INTO "log" VALUES(1.79569885545579171178e+09,'set_cors','begun');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[]');
INSERT INTO "meta" VALUES('collect_static.assets','{"url": "http://127.0.0.1:13893/books-killed-everywhere/static/", "bucket": "books-killed-everywhere", "files": [{"path": "css/fonts/icomoon.woff", "size": 640, "md5": "685c08b3d56bcb1f7a4f63fe608db76d"}, {"path": "css/themes/bookwyrm-dark.css", "size": 502, "md5": "a096b6217b3dcf111bff9ac78fb9fee4"}, {"path": "css/themes/bookwyrm-dark.scss", "size": 556, "md5": "bbee2a3ae052b8a89799ce79247377f8"}, {"path": "css/themes/bookwyrm-light.css", "size": 502, "md5": "78ccb87c38eb0e31c683ba5c5fb25fcb"}, {"path": "css/themes/bookwyrm-light.scss", "size": 556, "md5": "e3ac6236159e67c2932b99284284e483"}, {"path": "css/vendor/icons.css", "size": 189, "md5": "0f5c21769df04c197c455e3e305b6c41"}, {"path": "images/logo-small.png", "size": 127, "md5": "682352e94e752204196d90f369b41af4"}, {"path": "images/logo.png", "size": 786, "md5": "4c545c6c7c4c5d5d716b8c30753e0dcd"}, {"path": "images/no_cover.jpg", "size": 1202, "md5": "b698c7d2b9f4176870693a00a591f88a"}, {"path": "js/bookwyrm.js", "size": 225, "md5": "955a41c98f5dccda73cc0735cc069c47"}], "themes": ["css/themes/bookwyrm-dark.css", "css/themes/bookwyrm-light.css"]}');
INSERT INTO "meta" VALUES('configure_provider.lines','{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_STORAGE_BUCKET_NAME": "", "AWS_S3_REGION_NAME": "", "AWS_S3_CUSTOM_DOMAIN": "", "AWS_S3_ENDPOINT_URL": "", "AWS_S3_URL_PROTOCOL": "", "AWS_DEFAULT_ACL": "", "CSP_ADDITIONAL_HOSTS": ""}');
INSERT INTO "meta" VALUES('configure_provider.policy-before http://127.0.0.1:13893/books-killed-everywhere','{"region": "us-east-1", "switches": {}}');
INSERT INTO "meta" VALUES('cors before the probe','');
INSERT INTO "meta" VALUES('enable_s3.lines','{"USE_S3": "USE_S3=false"}');
INSERT INTO "meta" VALUES('id','e16bf8f030d54ccc9348cceed0002b1a');
INSERT INTO "meta" VALUES('set_cors.added http://127.0.0.1:13893/books-killed-everywhere','[{"AllowedOrigins": ["http://localhost:40921"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 3000}]');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "dockerless", "provider": "seaweedfs", "endpoint": "http://127.0.0.1:13893", "region": "us-east-1", "bucket": "books-killed-everywhere", "custom_domain": "127.0.0.1:13893/books-killed-everywhere", "url_protocol": "http:", "acl": "", "acl_known": true, "site_url": "http://localhost:40921", "restart_command": "./site restart", "limit_rate": 20000}');
INSERT INTO "meta" VALUES('skipped collect_static','');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('skipped copy_media','');
INSERT INTO "meta" VALUES('skipped enable_s3','');
INSERT INTO "meta" VALUES('skipped set_cors','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('collect_static','done','{"BookWyrm": "0.9.2", "bucket": "books-killed-everywhere", "custom_domain": "127.0.0.1:13893/books-killed-everywhere", "endpoint": "http://127.0.0.1:13893", "url_protocol": "http:"}','[{"asked": "Does Django keep static files in this bucket?", "problem": null, "seen": "bucket books-killed-everywhere, read from http://127.0.0.1:13893/books-killed-everywhere/static/", "verdict": "pass"}, {"asked": "Is every static file in the bucket, as it is here?", "problem": null, "seen": "10 files: all, with the same size and MD5", "verdict": "pass"}, {"asked": "Is the compiled CSS of every theme in the bucket?", "problem": null, "seen": "css/themes/bookwyrm-dark.css, css/themes/bookwyrm-light.css", "verdict": "pass"}, {"asked": "Can a stranger read the static files?", "problem": null, "seen": "10 files read from http://127.0.0.1:13893/books-killed-everywhere/static/", "verdict": "pass"}]',NULL,1.7956988535270586014e+09,2.36819193299993457912e+00);
INSERT INTO "results" VALUES('configure_provider','done','{"bucket": "books-killed-everywhere", "custom_domain": "127.0.0.1:13893/books-killed-everywhere", "endpoint": "http://127.0.0.1:13893", "region": "us-east-1", "url_protocol": "http:"}','[{"asked": "Does http://127.0.0.1:13893 answer?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the connection to the storage safe?", "problem": null, "seen": "no, it is plain http: use it on your own machine or network only", "verdict": "remark"}, {"asked": "Is this machine''s clock right?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the storage accept the keys?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket books-killed-everywhere there?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket empty?", "problem": null, "seen": "yes, but for what this migration put there", "verdict": "pass"}, {"asked": "Can files be stored below images/ and static/?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can they be replaced and read back?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Does the storage accept the ACL public-read?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the ACL public-read open a file to strangers?", "problem": null, "seen": "not needed: strangers can read without it", "verdict": "pass"}, {"asked": "Can a stranger read through 127.0.0.1:13893/books-killed-everywhere?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can CORS rules be read and set?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can objects be deleted?", "problem": null, "seen": "yes, the 4 canaries are gone", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below images/, through 127.0.0.1:13893/books-killed-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below static/, through 127.0.0.1:13893/books-killed-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Is everything outside of images/ and static/ closed to strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the list of files hidden from strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does .env have BookWyrm''s lines for this storage?", "problem": null, "seen": "yes, 9 of them", "verdict": "pass"}]',NULL,1.7956988174666619301e+09,2.15101995999930295511e-01);
INSERT INTO "results" VALUES('copy_media','done','{"acl": "", "bucket": "books-killed-everywhere", "custom_domain": "127.0.0.1:13893/books-killed-everywhere", "endpoint": "http://127.0.0.1:13893"}','[{"asked": "Is every public file in the bucket, with the same size and MD5?", "problem": null, "seen": "yes: 9 files, 106.5 kB; line by line in /tmp/bookwyrm-m3ow8tnh/bw-s3-demo-7dc0fd5f/bookwyrm/.bw-s3/comparison.txt", "verdict": "pass"}, {"asked": "What was held back?", "problem": null, "seen": "archives and lists (exports and imports of accounts): 1", "verdict": "remark"}, {"asked": "Can a stranger read http://127.0.0.1:13893/books-killed-everywhere/images/thumbnails/covers/%231%20%26%20only/9b810e766ec9d28663ca828dd5f4b3b2.jpg?", "problem": null, "seen": "yes, as image/jpeg", "verdict": "pass"}, {"asked": "Can a stranger read http://127.0.0.1:13893/books-killed-everywhere/images/covers/b2221a58-008a-45a6-8464-7159c324c985.jpg?", "problem": null, "seen": "yes, as image/jpeg", "verdict": "pass"}, {"asked": "Can a stranger read http://127.0.0.1:13893/books-killed-everywhere/images/avatars/1a2b8f1f-f1fd-42a2-9755-d4c13a902931.png?", "problem": null, "seen": "yes, as image/png", "verdict": "pass"}]',NULL,1.79569882899240040778e+09,4.45002506800005903642e+00);
INSERT INTO "results" VALUES('enable_s3','done','{}','[{"asked": "Does Django read USE_S3 as true?", "problem": null, "seen": "USE_S3=true", "verdict": "pass"}, {"asked": "Does bash, and with it bw-dev, read USE_S3 as true?", "problem": null, "seen": "USE_S3=true", "verdict": "pass"}]',NULL,1.7956988362733082771e+09,0.0305914020000273);
INSERT INTO "results" VALUES('set_cors','begun','{"bucket": "books-killed-everywhere", "endpoint": "http://127.0.0.1:13893", "origins": "http://localhost:40921"}','[]',NULL,1.79569885545539450642e+09,8.04721000122299301438e-04);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F636F766572732F23312026206F6E6C792E6A7067');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F636F766572732F4465722050726F7A657373202831393235292E6A7067');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F636F766572732F62323232316135382D303038612D343561362D383436342D3731353963333234633938352E6A7067');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F636F766572732F63643434376533352D623862362D343866652D383432652D3364343337323034653532642E6A7067');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F636F766572732FC38676696E74C3BD726920E28093203130302073C3B66775722E6A7067');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067');
INSERT INTO "sending" VALUES('2a8009cc970e',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067');
COMMIT;
