# What `pint lint` asks of the rules, in addition to its own checks: pint --config monitoring/.pint.hcl lint monitoring/rules
parser {
  schema = "prometheus"
  # Names of metrics and labels stay in the characters that every Prometheus and every adapter reads.
  names = "legacy"
}

rule {
  match { kind = "alerting" }

  annotation "summary" {
    severity = "bug"
    required = true
  }
  annotation "runbook_url" {
    severity = "bug"
    value    = "https://.+#pawl[a-z]+"
    required = true
  }
  label "severity" {
    severity = "bug"
    value    = "critical|warning"
    required = true
  }
}

rule {
  match { kind = "recording" }

  # level:metric:operations
  name "[a-z0-9_]+:[a-z0-9_]+:[a-z0-9_]+" {
    severity = "bug"
  }
  # What aggregates keeps whose it is.
  aggregate ".+" {
    severity = "bug"
    keep     = ["namespace"]
  }
}
