terraform {
  required_version = ">= 1.9"

  required_providers {
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "2.38.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.7.2"
    }
  }

  # The state lies in the cluster that it describes: one node has no other store before the platform runs.
  backend "kubernetes" {
    secret_suffix = "geocrop"
    namespace     = "kube-system"
  }
}

provider "kubernetes" {
  config_path = var.kubeconfig
}
