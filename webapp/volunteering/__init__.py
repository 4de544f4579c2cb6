"""三报到: reports to a grid, activities, attendance, hours."""
