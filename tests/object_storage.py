"""Where pictures go in a test: to the disk, or to a server that speaks S3's protocol."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest_django.fixtures import Settings

PLACES = ["disk", "object storage"]


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def place(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Where the pictures of this test go: to the disk, or to a real S3 protocol."""
    if request.param == "object storage":
        options = {
            "bucket_name": "pictures-of-tests",
            "endpoint_url": request.getfixturevalue("s3"),
            "access_key": "test",
            "secret_key": "test",
            "region_name": "us-east-1",
            "signature_version": "s3v4",
        }
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=options["endpoint_url"], **keys).create_bucket(Bucket="pictures-of-tests")
        entry = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "pictures": entry}
    return str(request.param)
