"""The code under test: describes refused calls in sentences."""


def get(value, *path):
    """The value at a path, whose keys are in camelCase or, in events of some methods, in snake_case."""
    for key in path:
        snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in key)
        value = value.get(key, value.get(snake))
    return value


def refusal(event):
    """A sentence about an event that was refused; None if it was not."""
    result = get(event, "data", "result")
    if result["status"] == "SUCCESS":
        return None
    error = result["data"]["errors"][0]
    who = get(event, "data", "authenticationInfo", "principal", "confluentUser", "resourceId")
    what = get(event, "data", "methodName")
    return f"{who} was refused {what}: {error['detail']} ({error['status']})"
