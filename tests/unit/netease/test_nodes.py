"""Upload nodes: what may be trusted, and who comes next."""

from __future__ import annotations

import pytest

from vodfast.stores.nos.nodes import BAD, LIFE, LOOKUP_HOSTS, NO_PIPELINE, Node, NodeBook, read_node, read_nodes


@pytest.mark.parametrize(
    ("entry", "https", "plain"),
    [
        ("http://223.252.1.2", Node("https://nosup-hz1.127.net", "223.252.1.2"), Node("http://223.252.1.2")),
        ("223.252.1.2", Node("https://nosup-hz1.127.net", "223.252.1.2"), Node("http://223.252.1.2")),
        ("http://127.0.0.1:80/", Node("https://nosup-hz1.127.net", "127.0.0.1"), Node("http://127.0.0.1")),
        (
            "http://127.0.0.1:9000",
            Node("https://nosup-hz1.127.net", "127.0.0.1:9000"),
            Node("http://127.0.0.1:9000"),
        ),
        ("http://[2001:db8::1]", Node("https://nosup-hz1.127.net", "[2001:db8::1]"), Node("http://[2001:db8::1]")),
        ("http://NOSUP-HZ2.127.net", Node("https://nosup-hz2.127.net"), Node("http://nosup-hz2.127.net")),
        ("nos.126.net:8443", Node("https://nos.126.net:8443"), Node("http://nos.126.net:8443")),
    ],
)
def test_entries_that_are_nodes(entry: str, https: Node, plain: Node) -> None:
    assert read_node(entry, https=True) == https
    assert read_node(entry, https=False) == plain


@pytest.mark.parametrize(
    "entry",
    ["", "http://", "http://evil.example.com", "http://127.net.evil.com", "http://evil127.net", "ftp://1.2.3.4",
     "http://user@1.2.3.4", "http://1.2.3.4/x", "http://1.2.3.4?x=1", "http://1.2.3.4:99999", "http://a b.127.net",
     "http://a\r\nb.127.net", "http://[::1", "http://nosup-hz1.127.net#x", "javascript:alert(1)", "http://.127.net"],
)  # fmt: skip
def test_entries_that_are_not(entry: str) -> None:
    assert read_node(entry, https=True) is None
    assert read_node(entry, https=False) is None


def test_a_failed_node_is_passed_over_until_none_is_left() -> None:
    book = NodeBook(clock=lambda: 0.0)
    one, two = Node("https://a.127.net"), Node("https://b.127.net")
    assert book.best("b") is None
    book.learn("b", [one, two, one])
    assert book.best("b") == one
    book.failed("b", one)
    book.failed("b", one)
    assert book.best("b") == two
    assert book.best("other") is None
    book.failed("b", two)
    assert book.best("b") is None


def test_a_node_that_failed_comes_last_in_the_next_lookup_of_any_bucket_until_that_is_long_ago() -> None:
    now = [0.0]
    book = NodeBook(clock=lambda: now[0])
    one, two, three = Node("https://a.127.net"), Node("https://b.127.net"), Node("https://c.127.net")
    book.learn("b", [one, two, three])
    book.failed("b", one)
    now[0] = 1.0
    book.failed("b", two)
    book.learn("other", [one, two, three])
    order = []
    while (node := book.best("other")) is not None:
        order.append(node)
        book.failed("other", node)
    assert order == [three, one, two]
    now[0] += BAD + 1
    book.learn("other", [one, two, three])
    assert book.best("other") == one


def test_nodes_are_forgotten_after_two_hours() -> None:
    now = [0.0]
    book = NodeBook(clock=lambda: now[0])
    book.learn("b", [Node("https://a.127.net")])
    now[0] = LIFE
    assert book.best("b") is not None
    now[0] = LIFE + 1
    assert book.best("b") is None


def test_lookup_hosts_take_turns_and_only_the_one_that_failed_is_left() -> None:
    book = NodeBook()
    for host in (*LOOKUP_HOSTS, LOOKUP_HOSTS[0]):
        assert book.lookup_host == host
        book.lookup_failed(host)
        book.lookup_failed(host)


def test_a_host_given_is_the_only_one_asked() -> None:
    book = NodeBook(lookup=("wanproxy-bj.127.net",))
    book.lookup_failed("wanproxy-bj.127.net")
    assert book.lookup_host == "wanproxy-bj.127.net"


def test_a_node_is_written_as_a_lookup_would_name_it() -> None:
    for entry in ("http://223.252.1.2", "http://nosup-hz1.127.net"):
        node = read_node(entry, https=False)
        assert node is not None
        assert node.entry == entry
    book = NodeBook()
    book.learn("b", read_nodes(["223.252.1.2", "http://evil.example.com", "nosup-hz2.127.net"], https=True))
    assert book.entries("b") == ("http://223.252.1.2", "https://nosup-hz2.127.net")
    assert book.entries("other") == ()


def test_a_fixed_node_stays() -> None:
    node = Node("https://wanproxy-web.127.net")
    book = NodeBook(fixed=node)
    book.failed("b", node)
    assert book.best("b") == node


def test_chunks_wait_for_answers_for_a_while_after_they_came_to_nothing_otherwise() -> None:
    now = [0.0]
    book = NodeBook(clock=lambda: now[0])
    assert book.pipelines
    book.pipeline_failed()
    now[0] = NO_PIPELINE - 1
    assert not book.pipelines
    now[0] = NO_PIPELINE
    assert book.pipelines
