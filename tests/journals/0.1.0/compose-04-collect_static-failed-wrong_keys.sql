-- written_by: "0.1.0"
-- bookwyrm: "0.9.2"
-- env: {"DOMAIN": "localhost", "PORT": "40951", "USE_S3": "true", "AWS_STORAGE_BUCKET_NAME": "books-failing-everywhere"}
-- statuses: {"configure_provider": "done", "copy_media": "done", "enable_s3": "done", "collect_static": "failed", "set_cors": "todo", "restart": "todo", "verify_cors": "todo", "update_connector": "todo"}
-- armed: true
BEGIN TRANSACTION;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67',408,1795698569000000000,X'D7C4F3E248737089236DF7D0FE6C002C','d7c4f3e248737089236df7d0fe6c002c');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F23312026206F6E6C792E6A7067',14159,1795698568000000000,X'C59CC584265A17DE6CFB46271A8E006C','c59cc584265a17de6cfb46271a8e006c');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F4465722050726F7A657373202831393235292E6A7067',37209,1795698568000000000,X'57314DBEFD6CC20F58F951DFBF5A9975','57314dbefd6cc20f58f951dfbf5a9975');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F62323232316135382D303038612D343561362D383436342D3731353963333234633938352E6A7067',11096,1795698569000000000,X'83D3AE4CC29175346DC75EB4C55C499F','83d3ae4cc29175346dc75eb4c55c499f');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067',12642,1795698568000000000,X'579A81C8AFB34E598F654CF72F6CC5CD','579a81c8afb34e598f654cf72f6cc5cd');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F63643434376533352D623862362D343866652D383432652D3364343337323034653532642E6A7067',19858,1795698569000000000,X'4BACA22248CC97D4EFE393042CB604C7','4baca22248cc97d4efe393042cb604c7');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732FC38676696E74C3BD726920E28093203130302073C3B66775722E6A7067',8144,1795698568000000000,X'EA10535301010AAEB6112451A6AB9B2E','ea10535301010aaeb6112451a6ab9b2e');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067',1537,1795698568000000000,X'910BA6F541887C521CDE5C2CB20F8388','910ba6f541887c521cde5c2cb20f8388');
INSERT INTO "files" VALUES('a7ac0b7ff435',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067',1487,1795698568000000000,X'54A5B6300B8AEDF155A632667B2F617D','54a5b6300b8aedf155a632667b2f617d');
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "log" VALUES(1.79569859687897014619e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569859733333706854e+09,'configure_provider','The keys may not write objects.');
INSERT INTO "log" VALUES(1.79569860804265022278e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.7956986108489668369e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569861299531841275e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569861567981982233e+09,'copy_media','1 key in the bucket holds other bytes than your media.');
INSERT INTO "log" VALUES(1.79569862598775124547e+09,'copy_media','begun');
INSERT INTO "log" VALUES(1.79569862720228910443e+09,'copy_media','done');
INSERT INTO "log" VALUES(1.79569862732786607742e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569862735793042184e+09,'enable_s3','AWS_S3_ENDPOINT_URL must be set in .env before S3 is enabled.');
INSERT INTO "log" VALUES(1.79569863173968338968e+09,'configure_provider','begun');
INSERT INTO "log" VALUES(1.79569863217859387394e+09,'configure_provider','done');
INSERT INTO "log" VALUES(1.79569863265122175218e+09,'enable_s3','begun');
INSERT INTO "log" VALUES(1.79569863271017456053e+09,'enable_s3','done');
INSERT INTO "log" VALUES(1.79569863296916103364e+09,'collect_static','begun');
INSERT INTO "log" VALUES(1.79569863638294816019e+09,'collect_static','BookWyrm''s own command failed: a script in manage.py shell.');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('canaries','[]');
INSERT INTO "meta" VALUES('configure_provider.lines','{"AWS_ACCESS_KEY_ID": "env-20261126-131010-00.bak", "AWS_SECRET_ACCESS_KEY": "env-20261126-131010-00.bak", "AWS_STORAGE_BUCKET_NAME": "env-20261126-131010-00.bak", "AWS_S3_REGION_NAME": "env-20261126-131010-00.bak", "AWS_S3_CUSTOM_DOMAIN": "env-20261126-131010-00.bak", "AWS_S3_ENDPOINT_URL": "env-20261126-131010-00.bak", "AWS_S3_URL_PROTOCOL": "env-20261126-131010-00.bak", "AWS_DEFAULT_ACL": "env-20261126-131010-00.bak", "CSP_ADDITIONAL_HOSTS": "env-20261126-131010-00.bak"}');
INSERT INTO "meta" VALUES('configure_provider.policy-before http://172.17.0.1:21656/books-failing-everywhere','{"region": "us-east-1", "switches": {}}');
INSERT INTO "meta" VALUES('cors before the probe','');
INSERT INTO "meta" VALUES('enable_s3.lines','{"USE_S3": "USE_S3=false"}');
INSERT INTO "meta" VALUES('id','77d5eb150be3472a9e8991a836c3a0cb');
INSERT INTO "meta" VALUES('settings','{"path": "existing", "deployment": "compose", "provider": "seaweedfs", "endpoint": "http://172.17.0.1:21656", "region": "us-east-1", "bucket": "books-failing-everywhere", "custom_domain": "172.17.0.1:21656/books-failing-everywhere", "url_protocol": "http:", "acl": "", "acl_known": true, "site_url": "http://localhost:40951", "restart_command": "", "limit_rate": 0}');
INSERT INTO "meta" VALUES('skipped collect_static','');
INSERT INTO "meta" VALUES('skipped configure_provider','');
INSERT INTO "meta" VALUES('skipped copy_media','');
INSERT INTO "meta" VALUES('skipped enable_s3','');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "results" VALUES('collect_static','failed','{"BookWyrm": "0.9.2", "bucket": "books-failing-everywhere", "custom_domain": "172.17.0.1:21656/books-failing-everywhere", "endpoint": "http://172.17.0.1:21656", "url_protocol": "http:"}','[]','{"decision": false, "field": null, "raw": "$ docker compose run --rm --no-deps -T --label bw-s3.journal=77d5eb150be3472a9e8991a836c3a0cb --label bw-s3.process=vm:5708:124428 --entrypoint '''' web bash -c ''python manage.py compile_themes && python manage.py collectstatic --no-input''\n  File \"/venv/lib/python3.11/site-packages/django/contrib/staticfiles/management/commands/collectstatic.py\", line 278, in delete_file\n    if self.storage.exists(prefixed_path):\n       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/venv/lib/python3.11/site-packages/storages/backends/s3.py\", line 586, in exists\n    self.connection.meta.client.head_object(\n  File \"/venv/lib/python3.11/site-packages/botocore/client.py\", line 606, in _api_call\n    return self._make_api_call(operation_name, kwargs)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/venv/lib/python3.11/site-packages/botocore/context.py\", line 123, in wrapper\n    return func(*args, **kwargs)\n           ^^^^^^^^^^^^^^^^^^^^^\n  File \"/venv/lib/python3.11/site-packages/botocore/client.py\", line 1094, in _make_api_call\n    raise error_class(parsed_response, operation_name)\nbotocore.exceptions.ClientError: An error occurred (403) when calling the HeadObject operation: Forbidden\n", "remedies": [{"action": "edit-provider", "text": "Change the provider''s settings."}, {"action": "retry", "text": "Try again."}], "what": "BookWyrm''s own command failed: a script in manage.py shell.", "why": "The S3 service refused the keys in .env, or they may not list and read the bucket."}',1.79569863638228154186e+09,3.41910346899999240122e+00);
INSERT INTO "results" VALUES('configure_provider','done','{"bucket": "books-failing-everywhere", "custom_domain": "172.17.0.1:21656/books-failing-everywhere", "endpoint": "http://172.17.0.1:21656", "region": "us-east-1", "url_protocol": "http:"}','[{"asked": "Does http://172.17.0.1:21656 answer?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the connection to the storage safe?", "problem": null, "seen": "no, it is plain http: use it on your own machine or network only", "verdict": "remark"}, {"asked": "Is this machine''s clock right?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the storage accept the keys?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket books-failing-everywhere there?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the bucket empty?", "problem": null, "seen": "yes, but for what this migration put there", "verdict": "pass"}, {"asked": "Can files be stored below images/ and static/?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can they be replaced and read back?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Does the storage accept the ACL public-read?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does the ACL public-read open a file to strangers?", "problem": null, "seen": "not needed: strangers can read without it", "verdict": "pass"}, {"asked": "Can a stranger read through 172.17.0.1:21656/books-failing-everywhere?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can CORS rules be read and set?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Can objects be deleted?", "problem": null, "seen": "yes, the 4 canaries are gone", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below images/, through 172.17.0.1:21656/books-failing-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Can a stranger read what is stored below static/, through 172.17.0.1:21656/books-failing-everywhere?", "problem": null, "seen": "yes, byte for byte", "verdict": "pass"}, {"asked": "Is everything outside of images/ and static/ closed to strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Is the list of files hidden from strangers?", "problem": null, "seen": "yes", "verdict": "pass"}, {"asked": "Does .env have BookWyrm''s lines for this storage?", "problem": null, "seen": "yes, 9 of them", "verdict": "pass"}]',NULL,1.79569863217681360248e+09,0.444759146000024);
INSERT INTO "results" VALUES('copy_media','done','{"acl": "", "bucket": "books-failing-everywhere", "custom_domain": "172.17.0.1:21656/books-failing-everywhere", "endpoint": "http://172.17.0.1:21656"}','[{"asked": "Is every public file in the bucket, with the same size and MD5?", "problem": null, "seen": "yes: 9 files, 106.5 kB; line by line in /tmp/bookwyrm-zjp5e3m4/bookwyrm/.bw-s3/comparison.txt", "verdict": "pass"}, {"asked": "What was held back?", "problem": null, "seen": "archives and lists (exports and imports of accounts): 1", "verdict": "remark"}, {"asked": "Can a stranger read http://172.17.0.1:21656/books-failing-everywhere/images/thumbnails/covers/%231%20%26%20only/9b810e766ec9d28663ca828dd5f4b3b2.jpg?", "problem": null, "seen": "yes, as image/jpeg", "verdict": "pass"}, {"asked": "Can a stranger read http://172.17.0.1:21656/books-failing-everywhere/images/covers/b2221a58-008a-45a6-8464-7159c324c985.jpg?", "problem": null, "seen": "yes, as image/jpeg", "verdict": "pass"}, {"asked": "Can a stranger read http://172.17.0.1:21656/books-failing-everywhere/images/avatars/1a2b8f1f-f1fd-42a2-9755-d4c13a902931.png?", "problem": null, "seen": "yes, as image/png", "verdict": "pass"}]',NULL,1.79569862720149660108e+09,1.21695247499997094564e+00);
INSERT INTO "results" VALUES('enable_s3','done','{}','[{"asked": "Does Django read USE_S3 as true?", "problem": null, "seen": "USE_S3=true", "verdict": "pass"}, {"asked": "Does bash, and with it bw-dev, read USE_S3 as true?", "problem": null, "seen": "USE_S3=true", "verdict": "pass"}]',NULL,1.7956986327090237141e+09,0.0585454069998832);
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F617661746172732F31613262386631662D663166642D343261322D393735352D6434633133613930323933312E706E67');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F23312026206F6E6C792E6A7067');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F4465722050726F7A657373202831393235292E6A7067');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F62323232316135382D303038612D343561362D383436342D3731353963333234633938352E6A7067');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F63276573742D6C612D7669652B312E6A7067');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732F63643434376533352D623862362D343866652D383432652D3364343337323034653532642E6A7067');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F636F766572732FC38676696E74C3BD726920E28093203130302073C3B66775722E6A7067');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F7468756D626E61696C732F636F766572732F23312026206F6E6C792F39623831306537363665633964323836363363613832386464356634623362322E6A7067');
INSERT INTO "sending" VALUES('a7ac0b7ff435',X'696D616765732F7468756D626E61696C732F636F766572732F4465722050726F7A657373202831393235292F31653266656238393431346333343363313032376334643163333836626263342E6A7067');
COMMIT;
