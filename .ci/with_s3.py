"""Starts an S3 server in this process, and runs a command with the variables that lead backups there."""
import logging
import os
import subprocess
import sys

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host, port = server.get_host_and_port()
environment = {
    "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "drill",
    "AWS_SECRET_ACCESS_KEY": "a secret of the drill",
    "ATOLL__BACKUP__STORE": "s3://drill/atoll",
}
s3 = boto3.client(
    "s3",
    endpoint_url=environment["AWS_ENDPOINT_URL"],
    region_name=environment["AWS_REGION"],
    aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
)
s3.create_bucket(
    Bucket="drill",
    CreateBucketConfiguration={"LocationConstraint": environment["AWS_REGION"]},
)
status = subprocess.run(sys.argv[1:], env=os.environ | environment).returncode
server.stop()
sys.exit(status)
