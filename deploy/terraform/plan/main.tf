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
      prod = merge(local.most, { pods = 600, jobs = 10000, storage_gib = 20000 })
      dev  = { memory_gib = 8, cpus = 4, limit_memory_gib = 24, limit_cpus = 24, pods = 80, jobs = 2000, storage_gib = 500 }
    }
  }

  # Of a cluster production has what is left: an eighth is for the nodes themselves, operators and notebooks, and dev has its own.
  dev_there = contains(var.environments, "dev") ? 1 : 0
  left = {
    memory_gib = floor(var.capacity.memory_gib * 7 / 8) - 8 * local.dev_there
    cpus       = floor(var.capacity.cpus * 7 / 8) - 4 * local.dev_there
  }
  most = merge(local.left, { limit_memory_gib = 2 * local.left.memory_gib, limit_cpus = 4 * local.left.cpus })

  # Less than this would not hold what the overlay cluster runs, with a training.
  least = { memory_gib = 26, cpus = 13 }

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

  precondition {
    condition = var.size != "cluster" || !contains(var.environments, "prod") || (
      local.left.memory_gib >= local.least.memory_gib && local.left.cpus >= local.least.cpus
    )
    error_message = "The nodes together are too small for the overlay cluster: at least four, with 8 cores and 32 GB each."
  }
}
