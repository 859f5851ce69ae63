variable "environments" {
  description = "Environments of this cluster."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.environments, ["prod", "dev"])) == 0 && length(var.environments) > 0
    error_message = "Environments are prod and dev: name one of them, or both."
  }
}

variable "capacity" {
  description = "What all nodes have together."
  type = object({
    memory_gib = number
    cpus       = number
  })
}

variable "size" {
  description = "Sizes of the quotas."
  type        = string

  validation {
    condition     = contains(["node", "cluster"], var.size)
    error_message = "Sizes are node (one small VPS) and cluster."
  }
}
