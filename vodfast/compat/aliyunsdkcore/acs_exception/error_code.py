"""The codes of errors that do not come from the service."""

SDK_INVALID_REQUEST = "SDK.InvalidRequest"
SDK_UNKNOWN_SERVER_ERROR = "SDK.UnknownServerError"
SDK_INVALID_CREDENTIAL = "SDK.InvalidCredential"
SDK_INVALID_PARAMS = "SDK.InvalidParams"
SDK_NOT_SUPPORT = "SDK.NotSupport"
SDK_ENDPOINT_RESOLVING_ERROR = "SDK.EndpointResolvingError"
SDK_HTTP_ERROR = "SDK.HttpError"
