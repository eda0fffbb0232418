"""The standard network of Diehl & Cook, on the CPU and on CUDA devices."""
