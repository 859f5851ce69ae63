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

run "four_nodes_hold_both" {
  command = plan

  variables {
    environments = ["prod", "dev"]
    capacity     = { memory_gib = 128, cpus = 32 }
    size         = "cluster"
  }

  assert {
    condition     = length(distinct([for one in values(output.environments) : one.namespace])) == 2
    error_message = "Each environment has a namespace of its own."
  }

  assert {
    condition     = output.environments["prod"].quota["requests.memory"] == "104Gi"
    error_message = "128 without an eighth and dev's 8."
  }

  assert {
    condition     = output.environments["prod"].quota["requests.cpu"] == "24"
    error_message = "32 without an eighth and dev's 4."
  }

  assert {
    condition     = output.environments["prod"].quota["limits.memory"] == "208Gi"
    error_message = "Twice what is asked."
  }

  assert {
    condition     = output.environments["prod"].quota["limits.cpu"] == "96"
    error_message = "Four times what is asked."
  }
}

run "sixteen_nodes_hold_both" {
  command = plan

  variables {
    environments = ["prod", "dev"]
    capacity     = { memory_gib = 512, cpus = 128 }
    size         = "cluster"
  }

  assert {
    condition     = output.environments["prod"].quota["requests.memory"] == "440Gi"
    error_message = "512 without an eighth and dev's 8."
  }

  assert {
    condition     = output.environments["prod"].quota["requests.cpu"] == "108"
    error_message = "128 without an eighth and dev's 4."
  }

  assert {
    condition     = output.environments["prod"].quota["limits.memory"] == "880Gi"
    error_message = "Twice what is asked."
  }

  assert {
    condition     = output.environments["prod"].quota["limits.cpu"] == "432"
    error_message = "Four times what is asked."
  }
}

run "without_dev_production_has_its_share" {
  command = plan

  variables {
    environments = ["prod"]
    capacity     = { memory_gib = 128, cpus = 32 }
    size         = "cluster"
  }

  assert {
    condition     = output.environments["prod"].quota["requests.cpu"] == "28"
    error_message = "What nobody else has is production's."
  }
}

run "nodes_too_small_for_the_cluster_are_refused" {
  command = plan

  variables {
    environments = ["prod", "dev"]
    capacity     = { memory_gib = 64, cpus = 16 }
    size         = "cluster"
  }

  expect_failures = [output.environments]
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
