# terraform apply -var-file cluster.tfvars; capacity is the sum of what the nodes have: here 4 with 8 cores and 32 GB each
environments = ["prod", "dev"]
size         = "cluster"
capacity     = { memory_gib = 128, cpus = 32 }
