"""What the server answers where it refuses."""

from typing import Any


class ApiError(Exception):
    """An answer with a status and the server's own error id."""

    def __init__(self, status: int, name: str, message: str, detail: str = "") -> None:
        super().__init__(f"{status} {name}")
        self.status = status
        self.name = name
        self.message = message
        self.detail = detail

    def body(self, request_id: str) -> dict[str, Any]:
        return {
            "id": self.name,
            "message": self.message,
            "detailed_error": self.detail,
            "request_id": request_id,
            "status_code": self.status,
        }


def forbidden(user_id: str, permission: str) -> ApiError:
    detail = f"userId={user_id}, permission={permission},"
    message = "You do not have the appropriate permissions."
    return ApiError(403, "api.context.permissions.app_error", message, detail)


def bad_body(name: str) -> ApiError:
    message = f"Invalid or missing {name} in request body."
    return ApiError(400, "api.context.invalid_body_param.app_error", message)


def bad_url(name: str) -> ApiError:
    message = f"Invalid or missing {name} parameter in request URL."
    return ApiError(400, "api.context.invalid_url_param.app_error", message)


def session_expired(detail: str) -> ApiError:
    message = "Invalid or expired session, please login again."
    return ApiError(401, "api.context.session_expired.app_error", message, detail)


def no_user(sought: str) -> ApiError:
    message = "Unable to find the user."
    detail = f"resource: User id: {sought}"
    return ApiError(404, "app.user.missing_account.const", message, detail)


def no_post(post_id: str) -> ApiError:
    detail = f"resource: Post id: {post_id}"
    return ApiError(404, "app.post.get.app_error", "Unable to get the post.", detail)


def integration_failed(detail: str) -> ApiError:
    name = "api.post.do_action.action_integration.app_error"
    return ApiError(400, name, "Action integration error.", detail)


def bad_post(what: str, message: str, post_id: str) -> ApiError:
    return ApiError(400, f"model.post.is_valid.{what}.app_error", message, f"id={post_id}")
