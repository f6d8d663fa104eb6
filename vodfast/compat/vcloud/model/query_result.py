"""The media made of an object."""

from __future__ import annotations


class QueryResult:
    """`vid` of a video or `imgId` of a picture, the other one None."""

    def __init__(self, objectName: str, vid: int | None, imgId: int | None) -> None:
        self.objectName = objectName
        self.vid = vid
        self.imgId = imgId
