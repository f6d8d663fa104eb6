"""`AcsClient`: calls of ApsaraVideo VOD, made by vodfast.

Decides keys, region, endpoint and number of attempts as the vendor's client does, and what a call leaves in its request
and in the log. Leaves signing, retrying and everything else about a call to the public client.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
import warnings
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from vodfast.compat.aliyunsdkcore import __version__, other_products
from vodfast.compat.aliyunsdkcore.acs_exception import error_code, error_msg
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException, translated
from vodfast.compat.aliyunsdkcore.auth import roles
from vodfast.compat.aliyunsdkcore.auth.credentials import AccessKeyCredential, KeyCredential, keys_of, own
from vodfast.compat.aliyunsdkcore.profile.region_provider import endpoint_of
from vodfast.compat.aliyunsdkcore.request import AcsRequest, CommonRequest, is_a
from vodfast.compat.clients import environment_config, shared_client
from vodfast.config import TransferConfig
from vodfast.errors import VodfastError

if TYPE_CHECKING:
    import http.client

PRODUCT, VERSION = "vod", "2017-03-21"
DEFAULT_READ_TIMEOUT = 10
DEFAULT_CONNECTION_TIMEOUT = 5
DEFAULT_POOL_CONNECTIONS = 10
"""The vendor's numbers, for scripts that read them; vodfast has its own."""
_PRODUCTS: Final[Mapping[str | None, str]] = {VERSION: PRODUCT, "2015-04-01": "sts"}
"""Those that are called from here, by their version."""
_ELSEWHERE: Final = {"sts": "sts.aliyuncs.com"}
_RETRIES = 3
_PORTS = (None, 80, 443)
_ADDED: Final = ("Version", "Action", "Format")
"""What a call adds to its request's parameters."""
_SECRET: Final = ("AuthKey", "AppDecryptKey", "PlayKey", "SSLPri")
"""Parameters that do not appear in the log."""
_REGION: Final = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOSTS: Final = dict.fromkeys(("cn-beijing", "cn-shenzhen"), "vod.cn-shanghai.aliyuncs.com")
"""Where the vendor's client sends what is called by a name. Request classes have hosts of their own."""
_JSON: Final = "application/json;charset=utf-8"
_NEEDS_ONE: Final = "At least one of [{}] and [{}] has a value"

logger = logging.getLogger("aliyunsdkcore.client")


class AcsClient:
    """One account in one region. Safe in many threads."""

    LOG_FORMAT = "%(thread)d %(asctime)s %(name)s %(levelname)s %(message)s"

    def __init__(
        self,
        ak: str | None = None,
        secret: str | None = None,
        region_id: str = "cn-hangzhou",
        auto_retry: bool = True,
        max_retry_time: int | None = None,
        user_agent: str | None = None,
        port: int | None = 80,
        connect_timeout: float | None = None,
        timeout: float | None = None,
        public_key_id: str | None = None,
        private_key: str | None = None,
        session_period: int = 3600,  # noqa: ARG002  # of the kind that is refused below
        credential: object = None,
        debug: bool = False,  # noqa: ARG002  # as above
        verify: object = None,
        pool_size: int = 10,  # noqa: ARG002  # connections are shared
        proxy: Mapping[str, str] | None = None,
    ) -> None:
        if public_key_id or private_key:
            raise _not_here("RSA key pairs")
        self._ak = ak
        self._secret = secret
        self._region_id = region_id
        self._auto_retry = auto_retry
        self._max_retry_num = max_retry_time
        if auto_retry:
            _retries(max_retry_time)
        self._user_agent = user_agent
        self._port = port
        self._connect_timeout = connect_timeout
        self._read_timeout = timeout  # kept; vodfast has a time limit of its own for calls
        self._verify = verify
        self.proxy = proxy
        self._extra_user_agent: dict[str, str] = {}
        self._credential = credential_of(ak, secret, credential)
        self._lent: roles.Lent | None = None
        self._endpoints: dict[tuple[str, str], str] = {}

    def do_action_with_exception(self, acs_request: AcsRequest) -> bytes:
        """The answer's JSON.

        Raises:
            ServerException: the service refused.
            ClientException: the call could not be made.
        """
        if not is_a(AcsRequest, acs_request):
            raise ClientException(error_code.SDK_INVALID_REQUEST, error_msg.get_msg("SDK_INVALID_REQUEST") or "")
        acs_request.set_accept_format("JSON")
        _checked(acs_request)
        config = self._config(acs_request.get_connect_timeout() or self._connect_timeout)
        if _is_of_another_product(acs_request):
            return self._of_another_product(acs_request, config)
        settings = self._settings(acs_request)
        operation, parameters = acs_request.get_action_name() or "", acs_request.get_query_params()
        version = acs_request.get_version() or VERSION
        said = {**parameters, **acs_request.get_body_params()}
        given = {name: _text(value) for name, value in said.items() if name not in _ADDED}
        key, secret, token = self._keys(config)
        token = given.pop("SecurityToken", None) or token  # how scripts gave it before there were credential objects
        parameters.update(Version=acs_request.get_version(), Action=operation, Format="JSON")
        shown = {name: value for name, value in given.items() if name not in _SECRET}
        host = settings.get("endpoint") or f"vod.{settings['region']}.aliyuncs.com"
        logger.debug("Request received. Product:%s Endpoint:%s Params: %s", acs_request.get_product(), host, shown)
        try:
            with shared_client("aliyun", key, secret, token, settings=settings, config=config) as client:
                answer: dict[str, Any] = client.perform(lambda cloud: cloud.invoke(operation, given, version=version))
        except VodfastError as error:
            failure = translated(error)
            kind = type(failure).__name__
            what = kind if isinstance(failure, ServerException) else "HttpError"
            logger.error("%s occurred. Host:%s SDK-Version:%s %s:%s", what, host, __version__, kind, failure)
            raise failure from error.with_traceback(None)  # the engine's frames say nothing to a script
        logger.debug("Response received. Product:%s RequestId:%s", acs_request.get_product(), answer.get("RequestId"))
        return _json(answer)

    def _of_another_product(self, request: AcsRequest, config: TransferConfig) -> bytes:
        """The answer to a call that is the vendor's client's to make; not where there is an emulator instead of it."""
        route = environment_config(config).route
        if not other_products.installed() or (route is not None and route.emulator):
            said = f"{request.get_product() or 'version'} {request.get_version()}: this is VOD {VERSION}, and STS"
            raise _not_here(f"{said}; without an emulator, aliyun-python-sdk-core makes such calls if it is installed")
        settings = {
            "region_id": self._region_id,
            "auto_retry": self._auto_retry,
            "max_retry_time": self._max_retry_num,
            "user_agent": self._user_agent,
            "port": self._port,
            "connect_timeout": self._connect_timeout,
            "timeout": self._read_timeout,
            "verify": self._verify,
            "proxy": self.proxy,
        }
        return other_products.made(request, self._host(request), self._keys(config), settings)

    def _keys(self, config: TransferConfig) -> tuple[str, str, str | None]:
        """Those of this moment."""
        if isinstance(self._credential, KeyCredential):
            return keys_of(self._credential)
        if self._lent is None or self._lent.until < time.time():
            self._lent = roles.lent(self._credential, config)
        return self._lent.keys

    def _settings(self, request: AcsRequest) -> dict[str, object]:
        """Region and endpoint of a call. With an endpoint, there need be no region.

        Raises:
            ClientException: the region is none.
        """
        endpoint = self._endpoint(request)
        settings: dict[str, object] = {} if endpoint is None else {"endpoint": endpoint}
        if endpoint is None or self._region_id:
            region = self._region_id.lower() if isinstance(self._region_id, str) else ""
            if not _REGION.fullmatch(region):
                raise ClientException(
                    error_code.SDK_INVALID_PARAMETER, f"region_id {self._region_id!r} is not a region"
                )
            settings["region"] = region
        return settings

    def _config(self, patience: float | None) -> TransferConfig:
        """What the arguments of the constructor mean to vodfast. Certificates are verified in any case."""
        retries = _retries(self._max_retry_num) if self._auto_retry else 0
        proxies = self.proxy or {}
        own = self._verify if isinstance(self._verify, str) else os.environ.get("ALIBABA_CLOUD_CA_BUNDLE")
        config = TransferConfig(
            attempts=min(retries + 1, 100), proxy=proxies.get("https") or proxies.get("http"), ca_bundle=own or None
        )
        if not patience:
            return config
        if float(patience) < 0:
            raise ClientException(error_code.SDK_INVALID_PARAMETER, "connect_timeout is less than no time")
        return msgspec.structs.replace(config, connect_timeout=float(patience))

    def do_action(self, acs_request: AcsRequest) -> bytes:
        """The answer's JSON, of a refusal as well."""
        said = "do_action() method is deprecated, please use do_action_with_exception() instead."
        warnings.warn(said, DeprecationWarning, stacklevel=2)
        return self._answer(acs_request)[1]

    def get_response(self, acs_request: AcsRequest) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and JSON of the answer, of a refusal as well. Of the headers, only the content type."""
        return self.implementation_of_do_action(acs_request)

    def implementation_of_do_action(
        self,
        request: AcsRequest,
        signer: object = None,  # noqa: ARG002  # vodfast signs
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """What `get_response` returns."""
        import http.client  # few scripts need it, and loading it takes as long as a call

        warnings.warn("implementation_of_do_action() method is deprecated", DeprecationWarning, stacklevel=2)
        status, body = self._answer(request)
        headers = http.client.HTTPMessage()  # whatever the case of their names
        headers["Content-Type"] = _JSON
        return status, headers, body

    def _answer(self, request: AcsRequest) -> tuple[int, bytes]:
        """Status and JSON, of a refusal as well."""
        try:
            return 200, self.do_action_with_exception(request)
        except ServerException as error:
            code = getattr(error.__cause__, "code", None) or error.error_code  # the service's own
            said = {"RequestId": error.request_id, "Code": code, "Message": error.message}
            return error.http_status or 0, _json(said)

    def _host(self, request: AcsRequest) -> str | None:
        """Of the request, the process or this client, in that order; else the vendor's for the region, None if that is
        named after it.
        """
        product, region = _product(request), self._region_id
        own = request.endpoint or endpoint_of(product, region) or self._endpoints.get((region, product))
        if own is not None or product != PRODUCT or not isinstance(region, str):
            return own or _ELSEWHERE.get(product)
        region = region.lower()
        if request.endpoint_map is None:
            return _HOSTS.get(region)
        network = "" if request.request_network == "public" else request.request_network
        known = None if network else request.endpoint_map.get(region)
        service = "-".join(filter(None, (PRODUCT, request.product_suffix, network)))
        return known or (None if service == PRODUCT else f"{service}.{region}.aliyuncs.com")

    def _endpoint(self, request: AcsRequest) -> str | None:
        """The host with this client's port, if that is one of its own; scripts may write it with a scheme, or with the
        port of http.
        """
        host = self._host(request)
        if host is not None:
            host = host.removeprefix("http://").removeprefix("https://").removesuffix(":80")
        return host if host is None or ":" in host or self._port in _PORTS else f"{host}:{self._port}"

    def add_endpoint(self, region_id: str, product_code: str, endpoint: str) -> None:
        self._endpoints[region_id, product_code.lower()] = endpoint

    def get_region_id(self) -> str:
        return self._region_id

    def set_region_id(self, region: str) -> None:
        self._region_id = region

    def get_access_key(self) -> str | None:
        return self._ak

    def get_access_secret(self) -> str | None:
        return self._secret

    def is_auto_retry(self) -> bool:
        return self._auto_retry

    def set_auto_retry(self, flag: bool) -> None:
        self._auto_retry = flag

    def get_max_retry_num(self) -> int | None:
        return self._max_retry_num

    def set_max_retry_num(self, num: int) -> None:
        self._max_retry_num = num

    def get_user_agent(self) -> str | None:
        return self._user_agent

    def set_user_agent(self, agent: str) -> None:
        self._user_agent = agent

    def append_user_agent(self, key: str, value: str) -> None:
        self._extra_user_agent[key] = value

    def get_verify(self) -> object:
        return self._verify

    def set_verify(self, verify: object) -> None:
        """Path of a PEM file with the authorities to trust. Anything else has no effect: certificates are verified."""
        self._verify = verify

    def get_port(self) -> int | None:
        return self._port

    def get_location_service(self) -> None:
        """None, as ever."""

    def set_stream_logger(
        self,
        log_level: int = logging.DEBUG,
        logger_name: str = "aliyunsdkcore",
        stream: IO[str] | None = None,
        format_string: str | None = None,
    ) -> None:
        """Have what is logged written to a stream, standard error by default."""
        self._log_to(logging.StreamHandler(stream), log_level, logger_name, format_string)

    def set_file_logger(self, path: str, log_level: int = logging.DEBUG, logger_name: str = "aliyunsdkcore") -> None:
        """Have what is logged added to a file."""
        self._log_to(logging.FileHandler(path), log_level, logger_name)

    def _log_to(self, handler: logging.Handler, level: int, name: str, form: str | None = None) -> None:
        handler.setLevel(level)
        handler.setFormatter(logging.Formatter(self.LOG_FORMAT if form is None else form))
        log = logging.getLogger(name)
        log.setLevel(level)
        log.addHandler(handler)


def _json(answer: Mapping[str, object]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _retries(number: object) -> int:
    """How many further attempts are made.

    Raises:
        ClientException: the number is none.
    """
    if number is None:
        return _RETRIES
    if not isinstance(number, int) or number < 0:
        raise ClientException(error_code.SDK_INVALID_PARAMETER, "max_retry_times should be a positive integer.")
    return number


def _text(value: Any) -> Any:
    """Bytes travel as the text they are."""
    return value.decode() if isinstance(value, bytes) else value


def _checked(request: AcsRequest) -> None:
    """Raises `ClientException` for what is not a call of this API."""
    if is_a(CommonRequest, request):
        for ok, missing in (
            (request.get_version(), "common params [version] is required, cannot be empty"),
            (request.get_action_name() or request.get_uri_pattern(), _NEEDS_ONE.format("action", "uri_pattern")),
            (request.endpoint or request.get_product(), _NEEDS_ONE.format("domain", "product_name")),
        ):
            if not ok:
                raise ClientException(error_code.SDK_INVALID_PARAMS, missing)


def _product(request: AcsRequest) -> str:
    """The one its version is of, if it does not say."""
    return (request.get_product() or _PRODUCTS.get(request.get_version()) or PRODUCT).lower()


def _is_of_another_product(request: AcsRequest) -> bool:
    return _PRODUCTS.get(request.get_version() or VERSION) != _product(request)


def credential_of(ak: str | None, secret: str | None, credential: Any = None) -> KeyCredential | roles.RoleCredential:
    """The arguments, then the credential object, then the environment.

    Raises:
        ClientException: none of them has keys, or of a kind that is not used here.
    """
    if ak is not None and secret is not None:
        return AccessKeyCredential(ak, secret)
    held = own(credential)
    if isinstance(held, (KeyCredential, roles.RoleCredential)):
        return held
    if held is not None:
        raise _not_here(f"{type(credential).__name__}; give keys, or a role")
    key, word = os.environ.get("ALIYUN_ACCESS_KEY_ID"), os.environ.get("ALIYUN_ACCESS_KEY_SECRET")
    if key and word:
        return AccessKeyCredential(key, word)
    raise ClientException(error_code.SDK_INVALID_CREDENTIAL, error_msg.get_msg("SDK_INVALID_CREDENTIAL") or "")


def _not_here(what: str) -> ClientException:
    return ClientException(error_code.SDK_NOT_SUPPORT, f"vodfast's stand-in for the core SDK does not take {what}")
