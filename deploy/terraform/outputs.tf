output "namespaces" {
  description = "Namespace by environment."
  value       = { for name, one in module.plan.environments : name => one.namespace }
}
