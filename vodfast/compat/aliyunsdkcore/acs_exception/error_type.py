"""Who is to blame, as `get_error_type` says it."""

ERROR_TYPE_CLIENT = "Client"
ERROR_TYPE_SERVER = "Server"
ERROR_TYPE_THROTTLING = "Throttling"
ERROR_TYPE_UNKNOWN = "Unknown"
