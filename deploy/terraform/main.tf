# What must be there before Argo CD reconciles anything, and must outlive it: namespaces, their limits, the SSO hook.
# All else is Kustomize's (deploy/k8s), by Argo CD (deploy/argocd). No object has two owners: a test compares the names.

module "plan" {
  source = "./plan"

  environments = var.environments
  capacity     = var.capacity
  size         = var.size
}

resource "kubernetes_namespace_v1" "environment" {
  for_each = module.plan.environments

  metadata {
    name   = each.value.namespace
    labels = each.value.labels
  }

  lifecycle {
    prevent_destroy = true # the databases' volumes would go with it
  }
}

resource "kubernetes_resource_quota_v1" "environment" {
  for_each = module.plan.environments

  metadata {
    name      = "geocrop"
    namespace = kubernetes_namespace_v1.environment[each.key].metadata[0].name
  }

  spec {
    hard = each.value.quota
  }
}

resource "kubernetes_limit_range_v1" "environment" {
  for_each = module.plan.environments

  metadata {
    name      = "geocrop"
    namespace = kubernetes_namespace_v1.environment[each.key].metadata[0].name
  }

  spec {
    limit {
      type            = "Container"
      default         = each.value.container.default
      default_request = each.value.container.request
      max             = each.value.container.max
    }
    limit {
      type = "PersistentVolumeClaim"
      max  = { storage = each.value.largest_volume }
    }
  }
}
