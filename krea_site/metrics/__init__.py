"""`/metrics`, for Prometheus: everything that is on the front page of the dashboard, and how this machine is.

`site` tells what the rows know, `processes` what this machine knows, `door` answers. deploy/prometheus has alert rules
over these names and deploy/grafana a dashboard; a test holds that every name in them is here.
"""
