"""The COS dialect: addresses, answers good and hostile, limits; and the XML it is written in."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.stores import Body, answer, unusable
from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, VodfastError
from vodfast.stores.cos.address import host_of, path_of
from vodfast.stores.cos.dialect import COS_LIMITS, CosStore
from vodfast.stores.xmlbody import MAX_BYTES, BadXml, child_text, complete_multipart_body, parse_xml
from vodfast.transfer.ports import ObjectReceipt, ObjectStore, PartReceipt, PartSpec

REPEATED = settings(max_examples=40, derandomize=True, deadline=None)
HOST = "b-1.cos.ap-x.myqcloud.com"
COS = CosStore(host=HOST, key="dir/f0.mp4")
STORE: ObjectStore = COS
TEMP = Credentials.of("AKIDtemp", "s", "tok")
CRC = ("x-cos-hash-crc64ecma", "18446744073709551615")
ETAG = ("etag", '"abc"')


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a/b.mp4", "/a/b.mp4"),
        ("名 字+100%", "/%E5%90%8D%20%E5%AD%97%2B100%25"),
        ("dir/./a/../b.ts", "/dir/.%2Fa/..%2Fb.ts"),
        ("a./b", "/a.%2Fb"),
        ("a/.", "/a%2F."),
        ("a/..", "/a%2F.."),
        ("a/b/..", "/a/b%2F.."),
        ("./.", "/.%2F."),
        ("../..", "/..%2F.."),
        ("a//b", "/a//b"),
        ("a?b#c&d=e;f", "/a%3Fb%23c%26d%3De%3Bf"),
    ],
)
def test_any_key_is_escaped_so_that_nothing_folds_it(key: str, path: str) -> None:
    assert path_of(key) == path


@REPEATED
@given(st.text(st.one_of(st.sampled_from("./.a%"), st.characters(exclude_categories=("Cs", "Cc"))), min_size=1))
def test_no_path_has_a_segment_to_fold(key: str) -> None:
    if key in (".", ".."):
        return
    path = path_of(key)
    assert unquote(path) == f"/{key}"
    assert all(segment.replace("%2E", ".") not in (".", "..") for segment in path.split("/"))
    assert re.fullmatch(r"[!-~]+", path)
    assert not re.search(r"[?#]", path)
    if "//" not in path and not path.endswith("/"):
        assert posixpath.normpath(path) == path


@pytest.mark.parametrize("key", ["", ".", "..", "a\nb", "a\rb", "a\x00", "\x7f", "\ud800"])
def test_keys_that_cannot_be_sent(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        CosStore(host=HOST, key=key)


def test_old_region_names() -> None:
    assert host_of("b-1", "cosgz") == "b-1.cos.ap-guangzhou.myqcloud.com"
    assert host_of("b-1", "cos.ap-x") == "b-1.cos.ap-x.myqcloud.com"


def test_put_streams_the_body_and_signs_what_it_sends() -> None:
    body = Body(5)
    request = COS.put_object(body).build(TEMP, 1000.7)
    headers = dict(request.headers)
    assert request.body is body
    assert (request.method, request.url, request.digest, request.timeout) == (
        "PUT", f"https://{HOST}/dir/f0.mp4", "crc64", None
    )  # fmt: skip
    assert set(headers) == {"content-length", "x-cos-security-token", "authorization"}
    assert headers["content-length"] == "5"
    assert "q-header-list=content-length;host;x-cos-security-token&" in headers["authorization"]
    assert "q-sign-time=940;4600&" in headers["authorization"]
    again = COS.put_object(body).build(Credentials.of("AKID", "s"), 1001)
    assert "x-cos-security-token" not in dict(again.headers)
    assert dict(again.headers)["authorization"] != headers["authorization"]


def test_a_put_is_answered_with_tag_and_checksum() -> None:
    call = COS.put_object(Body(5))
    assert call.parse(answer(b"", ETAG, CRC)) == ObjectReceipt(tag='"abc"', digest=2**64 - 1)
    assert call.parse(answer(b"", ETAG)).digest is None
    unusable(call, answer())
    for bad in ("", "-1", "18446744073709551616", "abc", "1.0", "0x1", "٣", "9" * 100):
        unusable(call, answer(b"", ETAG, ("x-cos-hash-crc64ecma", bad)))
    for bad in ("", " ", "a b", "é", "x" * 257):
        unusable(call, answer(b"", ("etag", bad)))


@pytest.mark.parametrize("status", [100, 201, 202, 204, 206, 301, 307, 400, 403, 404, 500, 503])
def test_only_200_stores(status: int) -> None:
    for call in (COS.put_object(Body(5)), COS.put_part("u", PartSpec(0, 0, 5), Body(5)), COS.create_upload()):
        with pytest.raises(VodfastError):
            call.parse(answer(b"", ETAG, CRC, status=status))


def test_a_part_goes_under_its_number_with_the_token() -> None:
    call = COS.put_part("u/+é", PartSpec(9999, 0, 5), Body(5))
    request = call.build(TEMP, 1000)
    assert request.url == f"https://{HOST}/dir/f0.mp4?partNumber=10000&uploadId=u%2F%2B%C3%A9"
    assert call.parse(answer(b"", ETAG, CRC)) == PartReceipt(index=9999, length=5, tag='"abc"', digest=2**64 - 1)


@pytest.mark.parametrize(
    ("part", "length"),
    [
        (PartSpec(-1, 0, 5), 5),
        (PartSpec(10000, 0, 5), 5),
        (PartSpec(0, 0, 5), 6),
        (PartSpec(0, 0, COS_LIMITS.max_part + 1), COS_LIMITS.max_part + 1),
    ],
)
def test_a_part_the_store_cannot_take_is_refused(part: PartSpec, length: int) -> None:
    with pytest.raises(InvalidInput):
        COS.put_part("u", part, Body(length))


def test_a_put_beyond_the_limit() -> None:
    with pytest.raises(InvalidInput):
        COS.put_object(Body(COS_LIMITS.max_single_put + 1))


def test_an_upload_is_opened_and_its_id_is_read() -> None:
    call = COS.create_upload()
    request = call.build(TEMP, 1000)
    assert (request.method, request.body, urlsplit(request.url).query) == ("POST", b"", "uploads=")
    assert dict(request.headers)["content-length"] == "0"
    made = "<InitiateMultipartUploadResult{}><Bucket>b</Bucket><UploadId>{}</UploadId></InitiateMultipartUploadResult>"
    assert call.parse(answer(made.format("", "u1"))) == "u1"
    assert call.parse(answer(made.format(' xmlns="http://x/7751"', "u1"))) == "u1"
    for bad in ("", "x" * 1025, "a&#10;b"):
        unusable(call, answer(made.format("", bad)))
    for bad in ("", "  ", "<Other/>", made.format("", "u1")[:-5], "{}"):
        unusable(call, answer(bad))


RESULT = (
    '<?xml version="1.0"?><CompleteMultipartUploadResult xmlns="http://www.qcloud.com/document/product/436/7751">'
    "<Location>l</Location><Key>k</Key><ETag>&quot;e-2&quot;</ETag></CompleteMultipartUploadResult>"
)
PARTS = [PartReceipt(index=index, length=5, tag=f'"{index}"', digest=None) for index in range(3)]


def test_parts_are_joined_in_order_and_only_the_document_counts() -> None:
    call = COS.complete_upload("u", list(reversed(PARTS)))
    request = call.build(TEMP, 1000)
    assert isinstance(request.body, bytes)
    numbers = [element.text for element in fromstring(request.body).iter("PartNumber")]
    assert numbers == ["1", "2", "3"]
    assert request.timeout == 1200.0
    assert CosStore(host=HOST, key="k", complete_timeout=7.0).complete_upload("u", PARTS).build(TEMP, 1).timeout == 7.0
    assert dict(request.headers)["content-length"] == str(len(request.body))
    for padding in ("", "   ", "\n" * 5000, "\t \r\n"):
        assert call.parse(answer(padding + RESULT, CRC)) == ObjectReceipt(tag='"e-2"', digest=2**64 - 1)
    assert call.parse(answer(RESULT)).digest is None


def test_complete_answers_that_promise_success_and_lie() -> None:
    call = COS.complete_upload("u", PARTS)
    for body in ("", " " * 1000, RESULT[:-3], RESULT.replace("&quot;e-2&quot;", ""), "<Result/>", "\x00"):
        unusable(call, answer(body))
    unusable(call, answer(re.sub("<ETag>.*</ETag>", "", RESULT)))
    for code, kind in (("InternalError", ErrorKind.UNAVAILABLE), ("InvalidPart", ErrorKind.CONFLICT)):
        with pytest.raises(VodfastError) as caught:
            call.parse(answer(f"   \n<Error><Code>{code}</Code><Message>m</Message></Error>"))
        assert (caught.value.kind, caught.value.code) == (kind, code)


@pytest.mark.parametrize("chosen", [[], PARTS[1:], [PARTS[0], PARTS[2]], [PARTS[0], PARTS[0], PARTS[1]]])
def test_complete_wants_all_parts_once(chosen: list[PartReceipt]) -> None:
    with pytest.raises(InvalidInput):
        COS.complete_upload("u", chosen)


def listed(*parts: tuple[object, object, object], extra: str = "") -> str:
    entries = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{tag}&quot;</ETag><Size>{size}</Size></Part>"
        for number, tag, size in parts
    )
    return f"<ListPartsResult><Bucket>b</Bucket>{extra}{entries}</ListPartsResult>"


def test_parts_are_listed_page_by_page() -> None:
    call = COS.list_parts("u", None)
    assert call.reads
    assert "part-number-marker=0&max-parts=1000&encoding-type=url" in call.build(TEMP, 1).url
    more = "<IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>"
    page = call.parse(answer(listed((1, "a", 5), (2, "b", 0), extra=more)))
    assert page.marker == "2"
    assert page.parts[1] == PartReceipt(index=1, length=0, tag='"b"', digest=None)
    second = COS.list_parts("u", page.marker)
    assert "part-number-marker=2&" in second.build(TEMP, 1).url
    unusable(second, answer(listed((3, "c", 1), extra=more)))  # would go round for ever
    assert second.parse(answer(listed((3, "c", 1), extra="<IsTruncated>false</IsTruncated>"))).marker is None
    assert call.parse(answer(listed())).parts == ()


def test_lists_of_another_object_are_refused() -> None:
    store = CosStore(host=HOST, key="dir/名 字+.mp4")
    url = "<Encoding-Type>url</Encoding-Type>"
    for key in (
        "dir/%E5%90%8D%20%E5%AD%97%2B.mp4",
        "dir/%E5%90%8D+%E5%AD%97%2B.mp4",
        "dir%2F%e5%90%8d%20%e5%ad%97%2b.mp4",
    ):
        assert store.list_parts("u", None).parse(answer(listed((1, "a", 5), extra=f"{url}<Key>{key}</Key>"))).parts
    assert store.list_parts("u", None).parse(answer(listed(extra="<Key>dir/名 字+.mp4</Key>"))).parts == ()
    unusable(store.list_parts("u", None), answer(listed(extra=f"{url}<Key>other</Key>")))


@pytest.mark.parametrize(
    "parts",
    [[(0, "a", 5)], [(10001, "a", 5)], [("x", "a", 5)], [("", "a", 5)], [(1, "a", -1)], [(1, "a", "")], [("٣", "a", 1)],
     [(1, "a b", 5)], [(1, "a", 5), (1, "a", 5)], [(1, "a", "9" * 30)]],
)  # fmt: skip
def test_a_list_of_parts_that_cannot_be_used_is_an_error(parts: list[tuple[object, object, object]]) -> None:
    unusable(COS.list_parts("u", None), answer(listed(*parts)))


def test_lists_without_a_next_marker_or_with_a_bad_one() -> None:
    unusable(COS.list_parts("u", None), answer(listed(extra="<IsTruncated>true</IsTruncated>")))
    for marker in ("x", "-1", "1;2"):
        with pytest.raises(InvalidInput):
            COS.list_parts("u", marker)


def error(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>m</Message></Error>"


def test_abort_and_delete_are_done_when_there_is_nothing_left() -> None:
    abort, delete = COS.abort_upload("u"), COS.delete_object()
    for call in (abort, delete):
        assert call.parse(answer(status=204)) is None
        assert call.build(TEMP, 1).method == "DELETE"
        for status, code in ((404, "NoSuchBucket"), (403, "AccessDenied"), (500, "InternalError")):
            with pytest.raises(VodfastError):
                call.parse(answer(error(code), status=status))
    assert abort.parse(answer(error("NoSuchUpload"), status=404)) is None
    assert delete.parse(answer(error("NoSuchKey"), status=404)) is None


def test_an_object_is_described_or_is_not_there() -> None:
    call = COS.head_object()
    assert call.build(TEMP, 1).method == "HEAD"
    assert call.parse(answer(b"", ETAG, CRC, ("content-length", "7"))) == ObjectReceipt(
        tag='"abc"', digest=2**64 - 1, size=7
    )
    assert call.parse(answer(status=404)) is None
    unusable(call, answer(b"", ETAG, ("content-length", "x")))
    with pytest.raises(VodfastError):
        call.parse(answer(status=403))


def test_requests_refuse_tokens_that_break_framing() -> None:
    for token in ("a\r\nX-Evil: 1", "a\nb", "a\x00"):
        with pytest.raises(InvalidInput) as caught:
            COS.create_upload().build(Credentials.of("AKID", "s", token), 1)
        assert "Evil" not in str(caught.value)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    "body",
    [
        b"", b" \n", b"<a>", b"<a></b>", b"\x00", b"text", b"<a/><b/>", b"<a>\x01</a>", BOMB.encode(),
        b"<!DOCTYPE a><a/>", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', b"<a>&nbsp;</a>",
        b"<a>" * 17 + b"</a>" * 17, b"<a>" * 100000, b"<a>" + b" " * MAX_BYTES + b"</a>",
        b'<?xml version="1.0" encoding="klingon"?><a/>', b'<?xml version="1.0" encoding="gbk"?><a>\xff</a>',
        b"<a>\xff</a>", b"<a xmlns:x='y'><x:b></a>", b"\xff\xfe<\x00a",
    ],
)  # fmt: skip
def test_hostile_xml(body: bytes) -> None:
    with pytest.raises(BadXml):
        parse_xml(body)


def test_xml_is_read_whatever_its_namespace() -> None:
    root = parse_xml(b"\r\n <x:r xmlns:x='urn:1'><y xmlns='urn:2'> t </y><z/></x:r>")
    assert (root.tag, child_text(root, "y"), child_text(root, "z"), child_text(root, "no")) == ("r", "t", "", None)
    assert parse_xml(b"<a>" * 16 + b"</a>" * 16).tag == "a"


@REPEATED
@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), min_size=1, max_size=20))
def test_the_list_of_parts_comes_back_as_it_went(tags: list[str]) -> None:
    document = complete_multipart_body((number, tag) for number, tag in enumerate(tags, 1))
    root = parse_xml(document)
    back = [(child_text(part, "PartNumber"), child_text(part, "ETag")) for part in root.iterfind("Part")]
    assert back == [(str(number), tag) for number, tag in enumerate(tags, 1)]


@REPEATED
@given(st.binary(max_size=300))
def test_any_bytes_end_in_an_error_of_ours(body: bytes) -> None:
    for call in (COS.create_upload(), COS.list_parts("u", None), COS.complete_upload("u", PARTS)):
        with pytest.raises(VodfastError):
            call.parse(answer(body))
