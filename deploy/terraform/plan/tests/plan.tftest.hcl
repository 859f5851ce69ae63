run "one_node_holds_production" {
  command = plan

  variables {
    environments = ["prod"]
    capacity     = { memory_gib = 8, cpus = 4 }
    size         = "node"
  }

  assert {
    condition     = output.environments["prod"].namespace == "geocrop"
    error_message = "Production lives in the namespace that deploy/k8s/overlays/prod names."
  }

  assert {
    condition     = output.environments["prod"].labels["pod-security.kubernetes.io/enforce"] == "restricted"
    error_message = "Pods that are not restricted must be refused."
  }

  assert {
    condition     = output.environments["prod"].quota["requests.memory"] == "7Gi"
    error_message = "The node keeps a GiB for itself."
  }

  assert {
    condition     = !can(output.environments["dev"])
    error_message = "Only what was asked for."
  }
}

run "one_node_does_not_hold_both" {
  command = plan

  variables {
    environments = ["prod", "dev"]
    capacity     = { memory_gib = 8, cpus = 4 }
    size         = "node"
  }

  expect_failures = [output.environments]
}

run "a_cluster_holds_both" {
  command = plan

  variables {
    environments = ["prod", "dev"]
    capacity     = { memory_gib = 640, cpus = 320 }
    size         = "cluster"
  }

  assert {
    condition     = length(distinct([for one in values(output.environments) : one.namespace])) == 2
    error_message = "Each environment has a namespace of its own."
  }
}

run "unknown_environments_are_refused" {
  command = plan

  variables {
    environments = ["staging"]
    capacity     = { memory_gib = 8, cpus = 4 }
    size         = "node"
  }

  expect_failures = [var.environments]
}

run "unknown_sizes_are_refused" {
  command = plan

  variables {
    environments = ["prod"]
    capacity     = { memory_gib = 8, cpus = 4 }
    size         = "huge"
  }

  expect_failures = [var.size]
}
