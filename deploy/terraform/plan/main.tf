# Sizes, without a provider: `terraform test` proves them on any machine.

terraform {
  required_version = ">= 1.9"
}

locals {
  namespaces = { prod = "geocrop", dev = "geocrop-dev" }

  # What the pods of a namespace may ask for together. A training asks for 4 GiB and 2 CPUs, up to 8 GiB and 4 CPUs:
  # it fits beside the services of one 8 GB node, once: tests/unit/deploy/test_terraform.py adds them up.
  # `jobs` counts those that ended within the hour, too (deploy/dagster/production.yaml): it stops a loop, not a busy day.
  sizes = {
    node = {
      prod = { memory_gib = 7, cpus = 3.5, limit_memory_gib = 24, limit_cpus = 24, pods = 60, jobs = 2000, storage_gib = 150 }
      dev  = { memory_gib = 7, cpus = 3.5, limit_memory_gib = 24, limit_cpus = 24, pods = 60, jobs = 2000, storage_gib = 50 }
    }
    cluster = {
      prod = { memory_gib = 512, cpus = 256, limit_memory_gib = 1024, limit_cpus = 512, pods = 600, jobs = 10000, storage_gib = 20000 }
      dev  = { memory_gib = 24, cpus = 12, limit_memory_gib = 48, limit_cpus = 32, pods = 80, jobs = 2000, storage_gib = 500 }
    }
  }

  chosen = { for name in var.environments : name => local.sizes[var.size][name] }

  environments = { for name, size in local.chosen : name => {
    namespace = local.namespaces[name]
    labels = {
      "app.kubernetes.io/part-of"                  = "geocrop"
      "geocrop/environment"                        = name
      "pod-security.kubernetes.io/enforce"         = "restricted"
      "pod-security.kubernetes.io/warn"            = "restricted"
      "pod-security.kubernetes.io/audit"           = "restricted"
      "pod-security.kubernetes.io/enforce-version" = "latest"
    }
    quota = {
      "requests.cpu"           = tostring(size.cpus)
      "requests.memory"        = "${size.memory_gib}Gi"
      "limits.cpu"             = tostring(size.limit_cpus)
      "limits.memory"          = "${size.limit_memory_gib}Gi"
      "requests.storage"       = "${size.storage_gib}Gi"
      "pods"                   = tostring(size.pods)
      "count/jobs.batch"       = tostring(size.jobs)
      "services.nodeports"     = "0" # all comes in by the ingress
      "services.loadbalancers" = "0"
    }
    container = {
      default = { cpu = "500m", memory = "512Mi" }
      request = { cpu = "50m", memory = "128Mi" }
      max     = var.size == "node" ? { cpu = "4", memory = "8Gi" } : { cpu = "16", memory = "64Gi" }
    }
    largest_volume = var.size == "node" ? "100Gi" : "4Ti"
  } }
}

output "environments" {
  description = "Namespace, labels, quota and limits by environment."
  value       = local.environments

  precondition {
    condition     = sum([for one in values(local.chosen) : one.memory_gib]) <= var.capacity.memory_gib
    error_message = "The quotas ask for more memory than all nodes have: leave dev away, or raise capacity by nodes."
  }

  precondition {
    condition     = sum([for one in values(local.chosen) : one.cpus]) <= var.capacity.cpus
    error_message = "The quotas ask for more CPUs than all nodes have: leave dev away, or raise capacity by nodes."
  }
}
