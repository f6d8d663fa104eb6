"""The errors of Alibaba Cloud's core SDK."""
