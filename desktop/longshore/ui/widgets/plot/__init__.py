"""Line plots: scales, curves that are thinned to what can be seen, zoom. matplotlib takes 50 to 300 ms for a picture."""
