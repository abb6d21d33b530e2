"""A server that answers each request only after a delay, as a real service does over a network.

nginx with Lua: it keeps keys, sizes and MD5s, not the bytes, and costs little CPU of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from tests.servers.ports import free_port
from wizard.system.programs import tied_to_us

_CONFIG = """
load_module modules/ndk_http_module.so;
load_module modules/ngx_http_lua_module.so;
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_max_body_size 0; client_body_buffer_size 16m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000; keepalive_timeout 300s;
  lua_shared_dict objects 900m;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ content_by_lua_block {{ {script} }} }}
  }}
}}
"""
_SCRIPT = """
ngx.req.read_body()
ngx.sleep(DELAY)
local objects = ngx.shared.objects
local method = ngx.req.get_method()
local bucket, key = ngx.var.uri:match("^/([^/]+)/(.+)$")
local args = ngx.req.get_uri_args()
local function escaped(text)
  return (text:gsub("[&<>]", {["&"]="&amp;", ["<"]="&lt;", [">"]="&gt;"}))
end
if method == "PUT" then
  local source = ngx.var.http_x_amz_copy_source
  if key and source then
    local found = objects:get(ngx.unescape_uri(source):match("^/?(.+)$"))
    if not found then return ngx.exit(404) end
    objects:set(bucket .. "/" .. key, found)
    changes = (changes or 0) + 1
    ngx.header["Content-Type"] = "application/xml"
    ngx.print('<CopyObjectResult><ETag>&quot;' .. found:match(":(.*)") ..
      '&quot;</ETag></CopyObjectResult>')
    return
  end
  local body = ngx.req.get_body_data() or ""
  local md5 = ngx.md5(body)
  if key then
    objects:set(bucket .. "/" .. key, #body .. ":" .. md5)
    changes = (changes or 0) + 1
  end
  ngx.header["ETag"] = '"' .. md5 .. '"'
  ngx.header["Content-Length"] = "0"
  return ngx.exit(200)
end
if method == "DELETE" then
  objects:flush_all(); changes = (changes or 0) + 1
  return ngx.exit(204)
end
if args.policy or args.acl or args.publicAccessBlock then return ngx.exit(404) end
if key then
  local found = objects:get(bucket .. "/" .. key)
  if not found then return ngx.exit(404) end
  ngx.header["ETag"] = '"' .. found:match(":(.*)") .. '"'
  ngx.header["Last-Modified"] = "Fri, 27 Nov 2026 10:00:00 GMT"  -- rclone asks for it
  ngx.header["Content-Length"] = found:match("^%d+")
  ngx.header["Content-Type"] = "image/jpeg"
  if method == "GET" then
    ngx.print(string.rep("\\0", tonumber(found:match("^%d+"))))
  end
  return ngx.exit(200)
end
if sorted_at ~= changes then
  sorted = objects:get_keys(0)
  table.sort(sorted)
  sorted_at = changes
end
if args.uploads then
  ngx.print('<ListMultipartUploadsResult></ListMultipartUploadsResult>')
  return
end
local place = ngx.var.uri:match("^/([^/]+)") .. "/"
local prefix = place .. (type(args.prefix) == "string" and args.prefix or "")
local after = args["continuation-token"] or args["start-after"] or args.marker
after = after and place .. after or ""
local low, high = 1, #(sorted or {}) + 1
while low < high do
  local middle = math.floor((low + high) / 2)
  local before = sorted[middle] <= after or sorted[middle] < prefix
  if before then low = middle + 1 else high = middle end
end
-- Never older than the files, or `aws s3 sync` would send them again.
local now = os.date("!%Y-%m-%dT%H:%M:%S.000Z")
if STAMP ~= "" then now = STAMP end
local out = {'<?xml version="1.0"?><ListBucketResult><Name>b</Name>'}
local most, last, more = tonumber(args["max-keys"]) or 1000, low - 1, false
for i = low, #(sorted or {}) do
  if sorted[i]:sub(1, #prefix) ~= prefix then break end
  if i - low >= most then more = true break end
  last = i
  local size, md5 = (objects:get(sorted[i]) or "0:"):match("(%d+):(.*)")
  local name = escaped(sorted[i]:sub(#place + 1))
  out[#out + 1] = "<Contents><Key>" .. name .. "</Key><Size>" .. size ..
    "</Size><ETag>&quot;" .. md5 .. "&quot;</ETag><LastModified>" .. now ..
    "</LastModified><StorageClass>STANDARD</StorageClass></Contents>"
end
out[#out + 1] = "<IsTruncated>" .. tostring(more) .. "</IsTruncated>"
if more then
  local token = escaped(sorted[last]:sub(#place + 1))
  out[#out + 1] = "<NextContinuationToken>" .. token .. "</NextContinuationToken>"
end
out[#out + 1] = "</ListBucketResult>"
ngx.header["Content-Type"] = "application/xml"
ngx.print(table.concat(out))
"""


@contextmanager
def delaying_server(folder: Path, seconds: float, *, stamp: str = "") -> Iterator[str]:
    """The endpoint of a server that answers after so many seconds.

    `stamp` is when each object was stored, as a listing says it; now, where it is "".
    """
    folder.mkdir(parents=True)
    port = free_port()
    # The script stands in the configuration, since nginx's workers, run as another user,
    # could not read a file in this private folder.
    script = _SCRIPT.replace("DELAY", str(seconds)).replace("STAMP", f'"{stamp}"')
    (folder / "nginx.conf").write_text(_CONFIG.format(folder=folder, port=port, script=script))
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "nginx"
    argv = [nginx, "-p", "/usr/lib/nginx", "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(tied_to_us(argv), stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait(endpoint)
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def _wait(endpoint: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{endpoint}/b", timeout=5).close()
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("nginx with Lua did not start (Debian: nginx libnginx-mod-http-lua)")
