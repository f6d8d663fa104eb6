"""Volcengine's object store (TOS) as uploads reach it: the upload gateway, and presigned URLs inside a VPC."""
