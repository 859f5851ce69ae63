# The SSO hook. oauth2-proxy takes its settings as they are (`envFrom` of the Secret); Argo CD's own ConfigMap gets one key.

resource "random_password" "cookie" {
  for_each = local.sso_environments

  length  = 32 # bytes of AES-256, as oauth2-proxy wants them
  special = false
}

resource "kubernetes_secret_v1" "sso" {
  for_each = local.sso_environments

  metadata {
    name      = "geocrop-sso"
    namespace = kubernetes_namespace_v1.environment[each.key].metadata[0].name
  }

  data = {
    OAUTH2_PROXY_PROVIDER        = "oidc"
    OAUTH2_PROXY_OIDC_ISSUER_URL = var.sso.issuer
    OAUTH2_PROXY_CLIENT_ID       = var.sso.client_id
    OAUTH2_PROXY_CLIENT_SECRET   = var.sso.client_secret
    OAUTH2_PROXY_COOKIE_SECRET   = random_password.cookie[each.key].result
  }
}

resource "kubernetes_secret_v1" "argocd_sso" {
  count = local.has_sso ? 1 : 0

  metadata {
    name      = "argocd-sso"
    namespace = local.argocd_namespace
    labels    = { "app.kubernetes.io/part-of" = "argocd" } # Argo CD reads `$argocd-sso:...` from such Secrets only
  }

  data = {
    clientID     = var.sso.client_id
    clientSecret = var.sso.client_secret
  }
}

resource "kubernetes_config_map_v1_data" "argocd_oidc" {
  count = local.has_sso ? 1 : 0

  metadata {
    name      = "argocd-cm"
    namespace = local.argocd_namespace
  }

  data = {
    "oidc.config" = yamlencode({
      name            = "SSO"
      issuer          = var.sso.issuer
      clientID        = "$argocd-sso:clientID"
      clientSecret    = "$argocd-sso:clientSecret"
      requestedScopes = ["openid", "profile", "email", "groups"]
    })
  }
}

locals {
  argocd_namespace = "argocd"
  has_sso          = nonsensitive(var.sso != null)
  sso_environments = local.has_sso ? module.plan.environments : {}
}
