import os
import sys

from voduploadsdk.AliyunVodUploader import AliyunVodUploader
from voduploadsdk.UploadVideoRequest import UploadVideoRequest

uploader = AliyunVodUploader(os.environ["ACCESS_KEY"], os.environ["SECRET_KEY"])
print(uploader.uploadLocalVideo(UploadVideoRequest(sys.argv[1], "A title"))["VideoId"])
