"""Checks the image, the video and the price of a motion-control job before it is paid for."""
