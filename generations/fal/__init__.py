"""The only door to fal: values in, values out. It knows neither our models nor the road of a generation."""
