"""What scripts on vod-python-sdk seldom do: keys changed late, requests from JSON, mocks, loggers, exceptions put
together by hand, names imported from everywhere, signals and forks. One JSON line each. Arguments: id, key; runs in the
folder of the files.

Runs as it is on the vendor's package and on its stand-in.
"""

import asyncio
import copy
import importlib
import inspect
import io
import json
import logging
import os
import pickle
import signal
import sys
import unittest
import warnings
from unittest import mock

import qcloud_vod.vod_upload_client as module
from qcloud_cos.cos_exception import CosException, CosServiceError
from qcloud_vod.common import FileUtil, StringUtil
from qcloud_vod.exception import VodClientException
from qcloud_vod.model import VodUploadRequest, VodUploadResponse
from qcloud_vod.vod_upload_client import VodUploadClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

KEYS, REGION = sys.argv[1:3], "ap-guangzhou"
client = VodUploadClient(*KEYS)


def say(what, *facts):
    print(json.dumps({"what": what, "facts": facts}, default=repr), flush=True)


def asked(**attributes):
    request = VodUploadRequest()
    for name, value in attributes.items():
        setattr(request, name, value)
    return request


def outcome(call, *arguments, **named):
    try:
        answer = call(*arguments, **named)
    except TencentCloudSDKException as error:
        return type(error).__name__, error.code, error.message, bool(error.requestId)
    except Exception as error:
        return type(error).__name__, str(error), list(error.args)
    return bool(answer.FileId) if isinstance(answer, VodUploadResponse) else answer


def upload(with_client=client, region=REGION, **attributes):
    return outcome(with_client.upload, region, asked(**attributes))


def keys():
    late = VodUploadClient("nobody", "nothing")
    late.secret_id, late.secret_key = KEYS
    say("keys changed late", upload(late, MediaFilePath="Wildlife.mp4"))
    for token in ("", None, "wrong"):
        late.token = token
        say(f"a token of {token!r}", upload(late, MediaFilePath="Wildlife.mp4"))
    say("numbers for keys", upload(VodUploadClient(5, 5), MediaFilePath="Wildlife.mp4"))
    say("too few keys", outcome(VodUploadClient), outcome(VodUploadClient, "a", "b", "c", "d"))
    for copied in (copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
        say("a copied client", vars(copied) == vars(client), upload(copied, MediaFilePath="Wildlife.mp4"))


def requests():
    request, form = VodUploadRequest(), {"MediaType": "mp4", "MediaName": "j", "ClassId": 5, "MediaFilePath": "x"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        request.from_json_string(json.dumps(form))
    request.MediaFilePath = "Wildlife.mp4"
    say("from JSON", outcome(client.upload, REGION, request), request.MediaName, request.ClassId)
    for text in ("{", "[]", "null", "5", None):
        say(f"no JSON {text!r}", outcome(VodUploadResponse().from_json_string, text)[0])
    response = VodUploadResponse()
    response.from_json_string('{"FileId": "1"}')
    say("a response", str(response), vars(response), response.to_json_string(indent=1), response._serialize())
    for path in ("~/a.mp4", "Wildlife.mp4\0", "", 0.5, ["a.mp4"], "file://Wildlife.mp4", "Wildlife.mp4/"):
        say(f"a path {path!r}", upload(MediaFilePath=path))
    say("a path in bytes", upload(MediaFilePath=b"Wildlife.mp4"))
    for given in (None, {}, "Wildlife.mp4"):
        say(f"no request {given!r}", outcome(client.upload, REGION, given))
    say("too few arguments", outcome(client.upload), outcome(client.upload, REGION, asked(), None, None))


def paths():
    for path in ("a.mp4", "a", "", "a.", ".a", "a.b/c", "a\\b.mp4", "/x/y.tar.gz", None, 5, b"a.mp4"):
        functions = (FileUtil.get_file_type, FileUtil.get_file_name, FileUtil.is_file_exist, StringUtil.is_empty)
        say(f"about {path!r}", [outcome(function, path) for function in functions])
    for pieces in (("", ""), ("/", "a"), ("a", "", "b"), ("a/", "/b/", "/c"), ("a\\", "b")):
        say(f"joined {pieces}", FileUtil.join_path(*pieces))


def exceptions():
    say("kinds", issubclass(CosServiceError, CosException), module.VodClientException is VodClientException)
    found = module.TencentCloudSDKException
    say("one exception", found is TencentCloudSDKException, outcome(found), str(found("c", "m", "r")))
    error = CosServiceError("PUT", {"code": "x"}, 403)
    say("without a message", str(error), error.get_error_code(), error.get_status_code(), error.args)
    say("a client's", repr(VodClientException("m")), outcome(VodClientException))


class Tests(unittest.TestCase):
    def test_mocked(self):
        with mock.patch("qcloud_vod.vod_upload_client.VodUploadClient", autospec=True) as made:
            module.VodUploadClient("a", "b").upload(REGION, 1, progress_callback=None)
            made.return_value.upload.assert_called_once_with(REGION, 1, progress_callback=None)
            self.assertRaises(TypeError, module.VodUploadClient("a", "b").upload, REGION)

    def test_checks(self):
        with self.assertRaisesRegex(VodClientException, "^lack media path$"):
            client.upload(REGION, asked())
        request = asked(MediaFilePath="Wildlife.mp4", MediaType="mp4", MediaName="m")
        with mock.patch.object(VodUploadClient, "_prefix_check_and_set_default_val") as checks:
            client.upload(REGION, request)
        checks.assert_called_once_with(REGION, request)

    def test_logged(self):
        with self.assertLogs("qcloud_vod.vod_upload_client", "INFO") as logged:
            client.upload(REGION, asked(MediaFilePath="Wildlife.mp4"))
        self.assertRegex(logged.output[0], r"^INFO:qcloud_vod.vod_upload_client:vod upload req = \{")
        self.assertEqual(logged.records[0].funcName, "upload")


def loggers():
    say("the logger", module.logger.name, module.logger.level, module.logger.handlers, module.logger.propagate)
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(Tests)
    told = unittest.TextTestRunner(stream=io.StringIO()).run(tests)
    say("tests", told.testsRun, [text for _, text in told.failures + told.errors])
    say("reloaded", importlib.reload(sys.modules["qcloud_vod.exception"]).VodClientException.__name__)
    say("arguments", list(inspect.signature(VodUploadClient.upload).parameters), logging.getLogger("qcloud_vod").level)


def around():
    class Late(Exception):
        pass

    def late(*_):
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.alarm(100)
    say("with an alarm set", upload(MediaFilePath="large.mp4"), signal.getsignal(signal.SIGALRM) is late)
    signal.alarm(0)
    signal.signal(signal.SIGUSR1, lambda *_: say("in a handler", upload(MediaFilePath="Wildlife.mp4")))
    os.kill(os.getpid(), signal.SIGUSR1)

    async def inside():
        return client.upload(REGION, asked(MediaFilePath="Wildlife.mp4"))

    say("in a running loop", bool(asyncio.run(inside()).FileId))
    child = os.fork()
    if child == 0:
        say("forked", upload(MediaFilePath="Wildlife.mp4"))
        os._exit(7)
    say("and gone", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), upload(MediaFilePath="Wildlife.mp4"))


for part in (keys, requests, paths, exceptions, loggers, around):
    part()
