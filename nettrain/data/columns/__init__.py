"""What a column holds, which role it has, and how its cells become scaled numbers."""
