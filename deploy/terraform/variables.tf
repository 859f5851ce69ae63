variable "kubeconfig" {
  description = "Kubeconfig of the cluster; K3s writes this one."
  type        = string
  default     = "/etc/rancher/k3s/k3s.yaml"
}

variable "environments" {
  description = "Which environments this cluster holds: prod, dev, or both where it has the memory."
  type        = set(string)
  default     = ["prod"]
}

variable "capacity" {
  description = "What all nodes have together; the quotas' requests must fit into it."
  type = object({
    memory_gib = number
    cpus       = number
  })
  default = { memory_gib = 8, cpus = 4 }
}

variable "size" {
  description = "Sizes of the quotas: `node` for one small VPS, `cluster` for several nodes."
  type        = string
  default     = "node"
}

variable "sso" {
  description = "OpenID Connect provider for the ingress' oauth2-proxy and for Argo CD; null leaves both with their own logins."
  type = object({
    issuer        = string
    client_id     = string
    client_secret = string
  })
  default   = null
  sensitive = true
}
