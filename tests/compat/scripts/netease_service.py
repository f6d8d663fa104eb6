"""What services do with NetEase's SDK: one client for many threads and processes, the same file again, a handler that
gives up. One JSON line each. Arguments: key, secret, folder of records, then files of which the last has many chunks.
"""

import concurrent.futures
import json
import multiprocessing
import os
import sys
import threading

from vcloud import Client, config

config.TMP_FILE = sys.argv[3]
FILES = sys.argv[4:]
client = Client(access_key_id=sys.argv[1], access_key_secret=sys.argv[2])


def upload(path):
    threads = set()
    result = client.upload_file(
        file_path=path,
        body={"originFileName": os.path.basename(path)},
        progress_handler=lambda offset, size: threads.add(threading.get_ident()),
    )
    return result.vid or result.imgId, threads == {threading.get_ident()}


def give_up(offset, size):
    raise LookupError("enough")


def say(what, made):
    print(json.dumps([what, len({media for media, _ in made}), all(own for _, own in made)]), flush=True)


if __name__ == "__main__":
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        say("threads", list(pool.map(upload, FILES * 2)))
    say("the same file again", [upload(FILES[0]) for _ in range(2)])
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(2) as pool:
            say(method, pool.map(upload, FILES))
    try:
        client.upload_file({"originFileName": "a.mp4"}, FILES[-1], give_up)
    except LookupError as error:
        print(json.dumps([str(error), len(os.listdir(config.TMP_FILE))]))
    say("goes on", [upload(FILES[-1])])
    print(json.dumps(["left", os.listdir(config.TMP_FILE)]))
