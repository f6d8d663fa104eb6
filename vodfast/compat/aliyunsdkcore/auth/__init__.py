"""The credentials of Alibaba Cloud's core SDK."""
