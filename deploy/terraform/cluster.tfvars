# terraform apply -var-file cluster.tfvars; capacity is the sum of what the nodes have
environments = ["prod", "dev"]
size         = "cluster"
capacity     = { memory_gib = 640, cpus = 320 }
