"""The OSS dialect: addresses, requests, answers good and hostile, limits."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.stores import Body, answer, unusable
from vodfast.config import GIB
from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput, RetryClass, VodfastError
from vodfast.stores.oss.address import path_of, place_of
from vodfast.stores.oss.dialect import OSS_LIMITS, OssStore
from vodfast.transfer.plan import plan_upload
from vodfast.transfer.ports import ObjectReceipt, ObjectStore, PartReceipt, PartSpec

REPEATED = settings(max_examples=40, derandomize=True, deadline=None)
PLACE = place_of("https://oss-cn-shanghai.aliyuncs.com", "outin-1")
OSS = OssStore(place=PLACE, key="sv/f0.mp4", region="cn-shanghai", content_type="video/mp4")
STORE: ObjectStore = OSS
TEMP = Credentials.of("STS.temp", "s", "tok")
CRC = ("x-oss-hash-crc64ecma", "18446744073709551615")
ETAG = ("etag", '"ABC"')


@REPEATED
@given(st.text(st.one_of(st.sampled_from("./.a%"), st.characters(exclude_categories=("Cs", "Cc"))), min_size=1))
def test_no_path_has_a_segment_to_fold(key: str) -> None:
    if key in (".", "..") or key[0] in "/\\" or len(key.encode()) > 1023:
        with pytest.raises(ValueError, match="key"):
            path_of(key)
        return
    path = path_of(key)
    assert unquote(path) == f"/{key}"
    assert not {".", ".."} & set(path.split("/"))
    assert posixpath.normpath(path).count("/..") == path.count("/..")


def test_keys_keep_their_slashes() -> None:
    assert path_of("a/b c+%.mp4") == "/a/b%20c%2B%25.mp4"
    assert path_of("a/../b") == "/a%2F..%2Fb"
    assert path_of("字" * 341) == "/" + "%E5%AD%97" * 341
    with pytest.raises(ValueError, match="1023"):
        path_of("字" * 341 + "a")


@pytest.mark.parametrize(
    ("endpoint", "authority", "prefix", "region"),
    [
        ("http://oss-cn-shanghai.aliyuncs.com", "b-1.oss-cn-shanghai.aliyuncs.com", "", "cn-shanghai"),
        ("OSS-CN-SHANGHAI-internal.aliyuncs.com", "b-1.oss-cn-shanghai-internal.aliyuncs.com", "", "cn-shanghai"),
        ("https://vpc100-oss-cn-x.aliyuncs.com/", "b-1.vpc100-oss-cn-x.aliyuncs.com", "", "cn-x"),
        ("https://cn-x.oss.aliyuncs.com", "b-1.cn-x.oss.aliyuncs.com", "", "cn-x"),
        ("https://oss-accelerate.aliyuncs.com", "b-1.oss-accelerate.aliyuncs.com", "", None),
        ("https://media.example.com:443", "b-1.media.example.com", "", None),
        ("http://127.0.0.1:80", "127.0.0.1", "/b-1", None),
        ("http://127.0.0.1:9000", "127.0.0.1:9000", "/b-1", None),
        ("https://[::1]:9000", "[::1]:9000", "/b-1", None),
        ("https://[2001:db8::1]", "[2001:db8::1]", "/b-1", None),
        ("http://localhost:1", "localhost:1", "/b-1", None),
    ],
)
def test_every_form_of_endpoint_is_understood(endpoint: str, authority: str, prefix: str, region: str | None) -> None:
    place = place_of(endpoint, "b-1")
    assert (place.authority, place.prefix, place.region) == (authority, prefix, region)


def test_every_verb_makes_its_request() -> None:
    part = PartSpec(2, 0, 5)
    receipts = [PartReceipt(index=index, length=1, tag=f'"{index}"', digest=None) for index in (1, 0)]
    calls = {
        "PUT /sv/f0.mp4": OSS.put_object(Body(5)),
        "POST /sv/f0.mp4?uploads=": OSS.create_upload(),
        "PUT /sv/f0.mp4?partNumber=3&uploadId=u%2F%2B": OSS.put_part("u/+", part, Body(5)),
        "GET /sv/f0.mp4?uploadId=u&part-number-marker=7&max-parts=1000&encoding-type=url": OSS.list_parts("u", "7"),
        "POST /sv/f0.mp4?uploadId=u": OSS.complete_upload("u", receipts),
        "DELETE /sv/f0.mp4?uploadId=u": OSS.abort_upload("u"),
        "GET /?uploads=&prefix=sv%2Ff0.mp4&max-uploads=1000&encoding-type=url": OSS.list_uploads(),
        "HEAD /sv/f0.mp4": OSS.head_object(),
        "DELETE /sv/f0.mp4": OSS.delete_object(),
    }
    for wanted, call in calls.items():
        request = call.build(TEMP, 1700000000)
        url = urlsplit(request.url)
        assert f"{request.method} {url.path}{'?' if url.query else ''}{url.query}" == wanted
        assert url.netloc == "outin-1.oss-cn-shanghai.aliyuncs.com"
        headers = dict(request.headers)
        assert headers["x-oss-security-token"] == "tok"
        assert headers["x-oss-date"] == "20231114T221320Z"
        assert headers["authorization"].startswith("OSS4-HMAC-SHA256 Credential=STS.temp/20231114/cn-shanghai/oss/")
        typed = call.operation in ("PutObject", "InitiateMultipartUpload")
        assert headers.get("content-type") == ("video/mp4" if typed else None)
    path_style = OssStore(place=place_of("http://127.0.0.1:9", "b-1"), key="k", region="r", signature="V1")
    request = path_style.list_uploads().build(TEMP, 1700000000)
    assert request.url.startswith("https://127.0.0.1:9/b-1/?uploads=")
    assert dict(request.headers)["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert dict(request.headers)["authorization"].startswith("OSS STS.temp:")


@pytest.mark.parametrize("token", ["a\r\nX-Evil: y", "a\x00", "é\u4e2d"])
def test_nothing_can_be_put_into_headers(token: str) -> None:
    for signature in ("V4", "V1"):
        store = OssStore(place=PLACE, key="k", region="r", signature=signature)
        with pytest.raises(InvalidInput, match="x-oss-security-token"):
            store.put_object(Body(1)).build(Credentials.of("a", "b", token), 0)


def test_answers_are_read_with_or_without_checksum_and_namespace() -> None:
    assert OSS.put_object(Body(1)).parse(answer(b"", ETAG, CRC)) == ObjectReceipt(tag='"ABC"', digest=2**64 - 1)
    assert OSS.put_object(Body(1)).parse(answer(b"", ETAG)).digest is None
    namespaced = '<I xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"><UploadId>U1</UploadId></I>'
    document = namespaced.replace("I xmlns", "InitiateMultipartUploadResult xmlns")
    document = document.replace("</I>", "</InitiateMultipartUploadResult>")
    assert OSS.create_upload().parse(answer(document)) == "U1"
    part = OSS.put_part("u", PartSpec(2, 0, 5), Body(5)).parse(answer(b"", ETAG, CRC))
    assert part == PartReceipt(index=2, length=5, tag='"ABC"', digest=2**64 - 1)
    done = '<CompleteMultipartUploadResult><ETag>"X-2"</ETag></CompleteMultipartUploadResult>'
    complete = OSS.complete_upload("u", [part.__class__(index=0, length=1, tag="t", digest=None)])
    assert complete.parse(answer(done, CRC)) == ObjectReceipt(tag='"X-2"', digest=2**64 - 1)
    OSS.abort_upload("u").parse(answer(status=204))
    OSS.abort_upload("u").parse(answer("<Error><Code>NoSuchUpload</Code></Error>", status=404))
    assert OSS.head_object().parse(answer(status=404)) is None
    found = OSS.head_object().parse(answer(b"", ETAG, CRC, ("content-length", "9")))
    assert found == ObjectReceipt(tag='"ABC"', digest=2**64 - 1, size=9)
    OSS.delete_object().parse(answer(status=204))
    with pytest.raises(VodfastError):
        OSS.abort_upload("u").parse(answer("<Error><Code>NoSuchBucket</Code></Error>", status=404))


def listing(parts: str, extra: str = "<IsTruncated>false</IsTruncated>", key: str = "sv/f0.mp4") -> str:
    return f"<ListPartsResult><Key>{key}</Key>{extra}{parts}</ListPartsResult>"


def one(number: object = 1, size: object = 5, etag: str = '"E"', crc: str = "<HashCrc64ecma>7</HashCrc64ecma>") -> str:
    return f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>{size}</Size>{crc}</Part>"


def test_parts_are_listed_with_their_digests() -> None:
    call = OSS.list_parts("u", None)
    page = call.parse(answer(listing(one() + one(3, crc=""))))
    assert [(part.index, part.length, part.tag, part.digest) for part in page.parts] == [
        (0, 5, '"E"', 7), (2, 5, '"E"', None)
    ]  # fmt: skip
    assert page.marker is None
    more = "<IsTruncated>true</IsTruncated><NextPartNumberMarker>9</NextPartNumberMarker>"
    assert call.parse(answer(listing(one(), more))).marker == "9"
    encoded = listing(one(), "<EncodingType>url</EncodingType>", key="sv%2Ff0.mp4")
    assert len(call.parse(answer(encoded)).parts) == 1
    for bad in (
        listing(one(0)), listing(one(10001)), listing(one("x")), listing(one(size="-1")), listing(one(etag="")),
        listing(one() + one()), listing(one(crc=f"<HashCrc64ecma>{2**64}</HashCrc64ecma>")),
        listing(one(), "<IsTruncated>true</IsTruncated>"), listing(one(), key="other"),
        listing(one(), "<IsTruncated>true</IsTruncated><NextPartNumberMarker>0</NextPartNumberMarker>"),
        "<!DOCTYPE a><ListPartsResult/>", "<a", "", "<Other/>",
    ):  # fmt: skip
        unusable(call, answer(bad))
    with pytest.raises(InvalidInput):
        OSS.list_parts("u", "x")


def test_uploads_of_this_key_only() -> None:
    document = (
        "<ListMultipartUploadsResult><EncodingType>url</EncodingType>"
        "<Upload><Key>sv%2Ff0.mp4</Key><UploadId>A</UploadId></Upload>"
        "<Upload><Key>sv%2Ff0.mp4.bak</Key><UploadId>B</UploadId></Upload></ListMultipartUploadsResult>"
    )
    assert OSS.list_uploads().parse(answer(document)) == ("A",)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("etag", ""),),
        (("etag", "a b"),),
        (ETAG, ("x-oss-hash-crc64ecma", "-1")),
        (ETAG, ("x-oss-hash-crc64ecma", str(2**64))),
    ],
)
def test_a_receipt_that_cannot_be_used_is_an_error(headers: tuple[tuple[str, str], ...]) -> None:
    unusable(OSS.put_object(Body(1)), answer(b"", *headers))
    unusable(OSS.put_part("u", PartSpec(0, 0, 1), Body(1)), answer(b"", *headers))


def test_an_error_inside_a_200() -> None:
    complete = OSS.complete_upload("u", [PartReceipt(index=0, length=1, tag="t", digest=None)])
    with pytest.raises(VodfastError) as caught:
        complete.parse(answer("<Error><Code>InternalError</Code></Error>"))
    assert caught.value.retry is RetryClass.LATER


@pytest.mark.parametrize("size", [OSS_LIMITS.max_object, 48 * 1024 * GIB, 5 * GIB * 9999 + 1])
def test_no_part_grows_beyond_what_the_store_takes(size: int) -> None:
    plan = plan_upload(size, OSS_LIMITS)
    assert plan.part_count <= OSS_LIMITS.max_parts
    assert plan.part_size <= OSS_LIMITS.max_part
    assert sum((plan.part(0).length * (plan.part_count - 1), plan.part(plan.part_count - 1).length)) == size


def test_what_exceeds_the_limits_is_refused() -> None:
    assert (OSS_LIMITS.min_part, OSS_LIMITS.max_parts) == (102400, 10000)
    with pytest.raises(InvalidInput):
        OSS.put_object(Body(OSS_LIMITS.max_single_put + 1))
    for part, length in ((PartSpec(10000, 0, 1), 1), (PartSpec(0, 0, 2), 1), (PartSpec(-1, 0, 1), 1)):
        with pytest.raises(InvalidInput):
            OSS.put_part("u", part, Body(length))
    gap = [PartReceipt(index=index, length=1, tag="t", digest=None) for index in (0, 2)]
    for parts in ([], gap, gap[:1] * 2):
        with pytest.raises(InvalidInput):
            OSS.complete_upload("u", parts)
