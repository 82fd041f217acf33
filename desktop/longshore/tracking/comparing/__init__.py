"""What a comparison draws and lists beyond values side by side: curves on any axis, bands, changes, fields, differences."""
