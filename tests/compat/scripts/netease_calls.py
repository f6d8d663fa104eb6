"""Every call of NetEase's page, as a script of somebody who has that SDK: what is printed is what the tests compare."""

import json
import sys

from vcloud import Client, config

app_key, app_secret, folder, video, picture = sys.argv[1:]
config.TMP_FILE = folder

client = Client(app_key, app_secret)
seen = []


def upload_progress(offset, size):
    seen.append((offset, size))


def show(name, value):
    if isinstance(value, bytes):
        value = {"bytes": value.decode("utf-8")}
    elif value is not None and not isinstance(value, str):
        value = vars(value)
    print(json.dumps([name, value], ensure_ascii=False, sort_keys=True))


body = {"originFileName": "beauty.mp4", "userFileName": "美景", "typeId": "3", "presetId": None, "userDefInfo": "u=1"}
first = client.upload_file(body, video, upload_progress)
show("upload_file", first)
show("progress", str(seen))
second = client.upload_file({"originFileName": "logo.png"}, picture)
show("upload_file of a picture", second)
show("query_id", client.query_id({"objectNames": [first.objectName]}))
show("query_id of a batch", client.query_id({"objectNames": [second.objectName, first.objectName]}))
show("set_callback", client.set_callback({"callbackUrl": "http://1.111.11.1"}))
show("set_callback refused", client.set_callback({"callbackUrl": 5}))
show("query_id refused", client.query_id({"objectNames": []}))
opened = client.upload_init({"originFileName": "beauty.mp4"})
show("upload_init", sorted(vars(opened)) and str(sorted(vars(opened))))
show("get_upload_host", str(sorted(vars(client.get_upload_host()))))
show("wrong secret", Client(app_key, "wrong").query_id({"objectNames": ["a.mp4"]}))
