"""Scripts of one upload, as the vendors' pages write them. The file is their argument; keys are in the environment."""
