"""The painting room: deterministic pictures of scenes on an infinite plane.

Only `providers.sandbox` comes here. A scene is a pure function of a brief and of plane
coordinates, so another window on the plane shows more of the same world and a larger size
shows it finer. Import the modules lazily: numpy and OpenCV cost memory and start time.
"""
