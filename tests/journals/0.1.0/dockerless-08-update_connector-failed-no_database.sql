-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "53757", "USE_S3": "true", "AWS_STORAGE_BUCKET_NAME": "books-failing-everywhere"}
-- statuses: {"configure_provider": "done", "copy_media": "done", "enable_s3": "done", "collect_static": "done", "set_cors": "done", "restart": "done", "verify_cors": "done", "update_connector": "failed"}
-- armed: false
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67',408,1795698568214095274,X'D7C4F3E248737089236DF7D0FE6C002C','d7c4f3e248737089236df7d0fe6c002c');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F23312026206F6E6C792E6A7067',14159,1795698568026411848,X'C59CC584265A17DE6CFB46271A8E006C','c59cc584265a17de6cfb46271a8e006c');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F4465722050726F7A657373202831393235292E6A7067',37209,1795698567847352367,X'57314DBEFD6CC20F58F951DFBF5A9975','57314dbefd6cc20f58f951dfbf5a9975');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F62323232316135382D303038612D343561362D383436342D3731353963333234633938352E6A7067',11096,1795698568083135855,X'83D3AE4CC29175346DC75EB4C55C499F','83d3ae4cc29175346dc75eb4c55c499f');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067',12642,1795698567938698621,X'579A81C8AFB34E598F654CF72F6CC5CD','579a81c8afb34e598f654cf72f6cc5cd');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F63643434376533352D623862362D343866652D383432652D3364343337323034653532642E6A7067',19858,1795698568213257294,X'4BACA22248CC97D4EFE393042CB604C7','4baca22248cc97d4efe393042cb604c7');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F74776963652E6A7067',19,1795698679147799194,X'3138FB25D0E9A130FEA272704F42C9E1','3138fb25d0e9a130fea272704f42c9e1');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732FC38676696E74C3BD726920E28093203130302073C3B66775722E6A7067',8144,1795698568002440291,X'EA10535301010AAEB6112451A6AB9B2E','ea10535301010aaeb6112451a6ab9b2e');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067',1537,1795698568036384760,X'910BA6F541887C521CDE5C2CB20F8388','910ba6f541887c521cde5c2cb20f8388');
INSERT INTO "files" VALUES('8c1e96e19f2c',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067',1487,1795698567911412656,X'54A5B6300B8AEDF155A632667B2F617D','54a5b6300b8aedf155a632667b2f617d');
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569858148058152198e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569858167101192476e+09,'configure_provider','The keys may not write objects.');
INSERT INTO "log" VALUES(1.79569859086372256274e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1795698593.15989,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569859322382855415e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569859416614842416e+09,'copy_media','1 key in the bucket holds other bytes than your media.');
INSERT INTO "log" VALUES(1.79569860626948809624e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569860773197150232e+09,'copy_media','done');
INSERT INTO "log" VALUES(1.79569860786595892907e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569860792241048808e+09,'enable_s3','AWS_S3_ENDPOINT_URL must be set in .env before S3 is enabled.');
INSERT INTO "log" VALUES(1.79569862107241034511e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569862213282108306e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569862278899455071e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569862295180845265e+09,'enable_s3','done');
INSERT INTO "log" VALUES(1.7956986234461483955e+09,'collect_static','begun');
INSERT INTO "log" VALUES(1.79569862591485619545e+09,'collect_static','BookWyrm''s own command failed: manage.py collectstatic.');
INSERT INTO "log" VALUES(1.79569863076654839513e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569863121582269671e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569863208511519428e+09,'collect_static','begun');
INSERT INTO "log" VALUES(1.79569863683565282821e+09,'collect_static','done');
INSERT INTO "log" VALUES(1.79569863700574588777e+09,'set_cors','begun');
INSERT INTO "log" VALUES(1.79569863708425164218e+09,'set_cors','The CORS rules could not be set.');
INSERT INTO "log" VALUES(1.79569864456643748283e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569864666617441174e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569864714271330832e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569864731484508512e+09,'copy_media','done');
INSERT INTO "log" VALUES(1.79569864805569791798e+09,'collect_static','begun');
INSERT INTO "log" VALUES(1.7956986545678360462e+09,'collect_static','done');
INSERT INTO "log" VALUES(1.79569865471038460726e+09,'set_cors','begun');
INSERT INTO "log" VALUES(1.79569865486769342415e+09,'set_cors','done');
INSERT INTO "log" VALUES(1.79569865589144778248e+09,'restart','begun');
INSERT INTO "log" VALUES(1.79569866046446275711e+09,'restart','The site did not come back with S3. It runs as before: the old .env was put back.');
INSERT INTO "log" VALUES(1.79569866842381501196e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569866879745745663e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569866889584612841e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569866900092077258e+09,'enable_s3','done');
INSERT INTO "log" VALUES(1.79569867008955287935e+09,'restart','begun');
INSERT INTO "log" VALUES(1.79569867283564734458e+09,'restart','Nothing was restarted: the command for it failed.');
INSERT INTO "log" VALUES(1.79569867809276056285e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569867815887141229e+09,'enable_s3','done');
INSERT INTO "log" VALUES(1.7956986791518523693e+09,'restart','begun');
INSERT INTO "log" VALUES(1.79569868072369885443e+09,'restart','1 file uploaded meanwhile: the bucket holds something else of that name, which bw-s3 did not put there.');
INSERT INTO "log" VALUES(1.79569868746249675746e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569868835667634005e+09,'copy_media','done');
INSERT INTO "log" VALUES(1.79569868908866810803e+09,'restart','begun');
INSERT INTO "log" VALUES(1.79569868939428806302e+09,'restart','done');
INSERT INTO "log" VALUES(1.79569868946067833902e+09,'verify_cors','begun');
INSERT INTO "log" VALUES(1.79569868957582449908e+09,'verify_cors','Browsers on http://localhost:53757 may not use the bucket''s fonts.');
INSERT INTO "log" VALUES(1.79569869446850228309e+09,'set_cors','begun');
INSERT INTO "log" VALUES(1.79569869526906657217e+09,'set_cors','done');
INSERT INTO "log" VALUES(1.79569869535436177259e+09,'verify_cors','begun');
INSERT INTO "log" VALUES(1.7956986955397028923e+09,'verify_cors','done');
INSERT INTO "log" VALUES(1.7956986997559540272e+09,'update_connector','begun');
INSERT INTO "log" VALUES(1.79569870218950343129e+09,'update_connector','BookWyrm''s own command failed: a script in manage.py shell.');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[]');
INSERT INTO "meta" VALUES('collect_static.assets','{"url": "http://127.0.0.1:19801/books-failing-everywhere/static/", "bucket": "books-failing-everywhere", "files": [{"path": "css/fonts/icomoon.woff", "size": 640, "md5": "685c08b3d56bcb1f7a4f63fe608db76d"}, {"path": "css/themes/bookwyrm-dark.css", "size": 502, "md5": "a096b6217b3dcf111bff9ac78fb9fee4"}, {"path": "css/themes/bookwyrm-dark.scss", "size": 556, "md5": "bbee2a3ae052b8a89799ce79247377f8"}, {"path": "css/themes/bookwyrm-light.css", "size": 502, "md5": "78ccb87c38eb0e31c683ba5c5fb25fcb"}, {"path": "css/themes/bookwyrm-light.scss", "size": 556, "md5": "e3ac6236159e67c2932b99284284e483"}, {"path": "css/vendor/icons.css", "size": 189, "md5": "0f5c21769df04c197c455e3e305b6c41"}, {"path": "images/logo-small.png", "size": 127, "md5": "682352e94e752204196d90f369b41af4"}, {"path": "images/logo.png", "size": 786, "md5": "4c545c6c7c4c5d5d716b8c30753e0dcd"}, {"path": "images/no_cover.jpg", "size": 1202, "md5": "b698c7d2b9f4176870693a00a591f88a"}, {"path": "js/bookwyrm.js", "size": 225, "md5": "955a41c98f5dccda73cc0735cc069c47"}], "themes": ["css/themes/bookwyrm-dark.css", "css/themes/bookwyrm-light.css"]}');
INSERT INTO "meta" VALUES('configure_provider.lines','{"AWS_ACCESS_KEY_ID": "env-20261126-130952-00.bak", "AWS_SECRET_ACCESS_KEY": "env-20261126-130952-00.bak", "AWS_STORAGE_BUCKET_NAME": "env-20261126-130952-00.bak", "AWS_S3_REGION_NAME": "env-20261126-130952-00.bak", "AWS_S3_CUSTOM_DOMAIN": "env-20261126-130952-00.bak", "AWS_S3_ENDPOINT_URL": "env-20261126-130952-00.bak", "AWS_S3_URL_PROTOCOL": "env-20261126-130952-00.bak", "AWS_DEFAULT_ACL": "env-20261126-130952-00.bak", "CSP_ADDITIONAL_HOSTS": "env-20261126-130952-00.bak"}');
INSERT INTO "meta" VALUES('configure_provider.policy-before http://127.0.0.1:19801/books-failing-everywhere','{"region": "us-east-1", "switches": {}}');
INSERT INTO "meta" VALUES('cors before the probe','');
INSERT INTO "meta" VALUES('enable_s3.lines','{"USE_S3": "USE_S3=false"}');
INSERT INTO "meta" VALUES('id','2f31a49a7e3f419f86dcbf06b968498b');
INSERT INTO "meta" VALUES('restart.caught_up','{"of": {"endpoint": "http://127.0.0.1:19801", "bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "url_protocol": "http:"}, "value": "0"}');
INSERT INTO "meta" VALUES('restart.switched','{"of": {"endpoint": "http://127.0.0.1:19801", "bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "url_protocol": "http:"}, "value": "yes"}');
INSERT INTO "meta" VALUES('restart.used http://127.0.0.1:19801/books-failing-everywhere','yes');
INSERT INTO "meta" VALUES('set_cors.added http://127.0.0.1:19801/books-failing-everywhere','[{"AllowedOrigins": ["http://localhost:53757"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 3000}, {"AllowedOrigins": ["http://localhost:53757"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 3000}]');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "dockerless", "provider": "seaweedfs", "endpoint": "http://127.0.0.1:19801", "region": "us-east-1", "bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "url_protocol": "http:", "acl": "", "acl_known": true, "site_url": "http://localhost:53757", "restart_command": "./site restart", "limit_rate": 0}');
INSERT INTO "meta" VALUES('skipped collect_static','');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('skipped copy_media','');
INSERT INTO "meta" VALUES('skipped enable_s3','');
INSERT INTO "meta" VALUES('skipped restart','');
INSERT INTO "meta" VALUES('skipped set_cors','');
INSERT INTO "meta" VALUES('skipped update_connector','');
INSERT INTO "meta" VALUES('skipped verify_cors','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('collect_static','done','{"BookWyrm": "0.9.2", "bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "endpoint": "http://127.0.0.1:19801", "url_protocol": "http:"}','[{"asked": "Does Django keep static files in this bucket?", "problem": null, "seen": "bucket books-failing-everywhere, read from http://127.0.0.1:19801/books-failing-everywhere/static/", "verdict": "pass"}, {"asked": "Is every static file in the bucket, as it is here?", "problem": null, "seen": "10 files: all, with the same size and MD5", "verdict": "pass"}, {"asked": "Is the compiled CSS of every theme in the bucket?", "problem": null, "seen": "css/themes/bookwyrm-dark.css, css/themes/bookwyrm-light.css", "verdict": "pass"}, {"asked": "Can a stranger read the static files?", "problem": null, "seen": "10 files read from http://127.0.0.1:19801/books-failing-everywhere/static/", "verdict": "pass"}]',NULL,1.79569865456649923329e+09,6.5140415979999488627e+00);
INSERT INTO "results" VALUES('configure_provider','done','{"bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "endpoint": "http://127.0.0.1:19801", "region": "us-east-1", "url_protocol": "http:"}','[{"asked": "Does http://127.0.0.1:19801 answer?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the connection to the storage safe?", "problem": null, "seen": "no, it is plain http: use it on your own machine or network only", "verdict": "remark"}, {"asked": "Is this machine''s clock right?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the storage accept the keys?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket books-failing-everywhere there?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket empty?", "problem": null, "seen": "no, these objects are there already, and stay: 10 in static/", "verdict": "remark"}, {"asked": "Can files be stored below images/ and static/?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can they be replaced and read back?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Does the storage accept the ACL public-read?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the ACL public-read open a file to strangers?", "problem": null, "seen": "not needed: strangers can read without it", "verdict": "pass"}, {"asked": "Can a stranger read through 127.0.0.1:19801/books-failing-everywhere?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can CORS rules be read and set?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can objects be deleted?", "problem": null, "seen": "yes, the 4 canaries are gone", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below images/, through 127.0.0.1:19801/books-failing-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below static/, through 127.0.0.1:19801/books-failing-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Is everything outside of images/ and static/ closed to strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the list of files hidden from strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does .env have BookWyrm''s lines for this storage?", "problem": null, "seen": "yes, 9 of them", "verdict": "pass"}]',NULL,1.79569866879506468771e+09,3.86634098000058656907e-01);
INSERT INTO "results" VALUES('copy_media','done','{"acl": "", "bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "endpoint": "http://127.0.0.1:19801"}','[{"asked": "Is every public file in the bucket, with the same size and MD5?", "problem": null, "seen": "yes: 10 files, 106.6 kB; line by line in /tmp/bookwyrm-4rajxc4u/bw-s3-demo-abac25a9/bookwyrm/.bw-s3/comparison.txt", "verdict": "pass"}, {"asked": "What was held back?", "problem": null, "seen": "archives and lists (exports and imports of accounts): 1", "verdict": "remark"}, {"asked": "Can a stranger read http://127.0.0.1:19801/books-failing-everywhere/images/covers/b2221a58-008a-45a6-8464-7159c324c985.jpg?", "problem": null, "seen": "yes, as image/jpeg", "verdict": "pass"}, {"asked": "Can a stranger read http://127.0.0.1:19801/books-failing-everywhere/images/covers/%C3%86vint%C3%BDri%20%E2%80%93%20100%20s%C3%B6gur.jpg?", "problem": null, "seen": "yes, as image/jpeg", "verdict": "pass"}, {"asked": "Can a stranger read http://127.0.0.1:19801/books-failing-everywhere/images/avatars/1a2b8f1f-f1fd-42a2-9755-d4c13a902931.png?", "problem": null, "seen": "yes, as image/png", "verdict": "pass"}]',NULL,1.79569868834508109085e+09,8.84429857999975865823e-01);
INSERT INTO "results" VALUES('enable_s3','done','{}','[{"asked": "Does Django read USE_S3 as true?", "problem": null, "seen": "USE_S3=true", "verdict": "pass"}, {"asked": "Does bash, and with it bw-dev, read USE_S3 as true?", "problem": null, "seen": "USE_S3=true", "verdict": "pass"}]',NULL,1.79569867815839838984e+09,0.0664071569999578);
INSERT INTO "results" VALUES('restart','done','{"bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "endpoint": "http://127.0.0.1:19801", "url_protocol": "http:"}','[{"asked": "Does the site answer with a page of its own?", "problem": null, "seen": "HTTP 200, BookWyrm''s first page", "verdict": "pass"}, {"asked": "Do its pages point to the bucket?", "problem": null, "seen": "http://127.0.0.1:19801/books-failing-everywhere/static/css/themes/bookwyrm-light.css, http://127.0.0.1:19801/books-failing-everywhere/static/css/vendor/icons.css", "verdict": "pass"}, {"asked": "Is what was uploaded meanwhile in the bucket?", "problem": null, "seen": "0 files copied after the restart; the last pass found nothing new", "verdict": "pass"}]',NULL,1.79569868939371442796e+09,3.05697105999797713593e-01);
INSERT INTO "results" VALUES('set_cors','done','{"bucket": "books-failing-everywhere", "endpoint": "http://127.0.0.1:19801", "origins": "http://localhost:53757"}','[{"asked": "Does the bucket have rules for your pages?", "problem": null, "seen": "yes, for http://localhost:53757", "verdict": "pass"}, {"asked": "May a page on http://localhost:53757 use the bucket''s fonts?", "problem": null, "seen": "yes", "verdict": "pass"}]',NULL,1.79569869526720356936e+09,8.01165373999992880271e-01);
INSERT INTO "results" VALUES('update_connector','failed','{"covers url": "http://127.0.0.1:19801/books-failing-everywhere/images"}','[]','{"decision": false, "field": null, "raw": "$ /tmp/bookwyrm-4rajxc4u/bw-s3-demo-abac25a9/bookwyrm/venv/bin/python3 manage.py shell -c ''\u2026''\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/tmp/bw-s3/.venv/lib/python3.11/site-packages/django/db/backends/utils.py\", line 92, in _execute_with_wrappers\n    return executor(sql, params, many, context)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/tmp/bw-s3/.venv/lib/python3.11/site-packages/django/db/backends/utils.py\", line 100, in _execute\n    with self.db.wrap_database_errors:\n  File \"/tmp/bw-s3/.venv/lib/python3.11/site-packages/django/db/utils.py\", line 91, in __exit__\n    raise dj_exc_value.with_traceback(traceback) from exc_value\n  File \"/tmp/bw-s3/.venv/lib/python3.11/site-packages/django/db/backends/utils.py\", line 105, in _execute\n    return self.cursor.execute(sql, params)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/tmp/bw-s3/.venv/lib/python3.11/site-packages/django/db/backends/sqlite3/base.py\", line 360, in execute\n    return super().execute(query, params)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\ndjango.db.utils.OperationalError: no such table: bookwyrm_connector", "remedies": [{"action": null, "text": "See which one does not run, and start it: systemctl status postgresql redis-server"}, {"action": "retry", "text": "Try again."}], "what": "BookWyrm''s own command failed: a script in manage.py shell.", "why": "BookWyrm could not reach its database or Redis."}',1.79569870218329095835e+09,2.42998164599998744961e+00);
INSERT INTO "results" VALUES('verify_cors','done','{"bucket": "books-failing-everywhere", "custom_domain": "127.0.0.1:19801/books-failing-everywhere", "endpoint": "http://127.0.0.1:19801", "origins": "http://localhost:53757", "site_url": "http://localhost:53757", "url_protocol": "http:"}','[{"asked": "Does the preflight for http://localhost:53757 succeed?", "problem": null, "seen": "yes (HTTP 200)", "verdict": "pass"}, {"asked": "May a page on http://localhost:53757 use the font icomoon.woff?", "problem": null, "seen": "yes: Access-Control-Allow-Origin: http://localhost:53757", "verdict": "pass"}, {"asked": "Are pages of other sites kept from using it?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does a stylesheet load for a stranger?", "problem": null, "seen": "yes: http://127.0.0.1:19801/books-failing-everywhere/static/css/themes/bookwyrm-dark.css", "verdict": "pass"}, {"asked": "Does an image load for a stranger?", "problem": null, "seen": "yes: http://127.0.0.1:19801/books-failing-everywhere/static/images/logo-small.png", "verdict": "pass"}, {"asked": "Does a cover or an avatar load for a stranger?", "problem": null, "seen": "yes: http://127.0.0.1:19801/books-failing-everywhere/images/avatars/1a2b8f1f-f1fd-42a2-9755-d4c13a902931.png", "verdict": "pass"}, {"asked": "Does the site''s own page point to the bucket?", "problem": null, "seen": "yes: http://127.0.0.1:19801/books-failing-everywhere/static/css/themes/bookwyrm-light.css", "verdict": "pass"}, {"asked": "Does the site''s stylesheet bookwyrm-light.css load?", "problem": null, "seen": "yes: http://127.0.0.1:19801/books-failing-everywhere/static/css/themes/bookwyrm-light.css", "verdict": "pass"}, {"asked": "Does the site''s stylesheet icons.css load?", "problem": null, "seen": "yes: http://127.0.0.1:19801/books-failing-everywhere/static/css/vendor/icons.css", "verdict": "pass"}, {"asked": "Does an image of the site''s page load?", "problem": null, "seen": "yes: http://127.0.0.1:19801/books-failing-everywhere/static/images/logo-small.png", "verdict": "pass"}]',NULL,1.79569869553307223317e+09,1.89092621000099825323e-01);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F23312026206F6E6C792E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F4465722050726F7A657373202831393235292E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F62323232316135382D303038612D343561362D383436342D3731353963333234633938352E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F63643434376533352D623862362D343866652D383432652D3364343337323034653532642E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732F74776963652E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F636F766572732FC38676696E74C3BD726920E28093203130302073C3B66775722E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067');
INSERT INTO "sending" VALUES('8c1e96e19f2c',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067');
COMMIT;
