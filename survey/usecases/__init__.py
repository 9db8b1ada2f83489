"""What people come for, a file each; all of them are frozen sets of ports that can be called."""
