"""A desktop's notification service, small and real: prints what it is asked to show, as one JSON line each."""

# ruff: noqa: F821, F722
# No `from __future__ import annotations`: dbus-fast reads the D-Bus types from the annotations.
import asyncio
import json

from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, method


class Notifications(ServiceInterface):
    def __init__(self) -> None:
        super().__init__("org.freedesktop.Notifications")

    @method()
    def Notify(
        self, app: "s", replaces: "u", icon: "s", title: "s", body: "s", actions: "as", hints: "a{sv}", timeout: "i"
    ) -> "u":
        print(json.dumps({"app": app, "title": title, "body": body}), flush=True)
        return 1

    @method()
    def GetCapabilities(self) -> "as":
        return ["body"]

    @method()
    def CloseNotification(self, number: "u") -> None:
        return None

    @method()
    def GetServerInformation(self) -> "ssss":
        return ["tests", "tests", "1", "1.2"]


async def main() -> None:
    bus = await MessageBus().connect()
    bus.export("/org/freedesktop/Notifications", Notifications())
    await bus.request_name("org.freedesktop.Notifications")
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
