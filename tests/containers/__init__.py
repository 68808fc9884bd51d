"""The image and the stack of docker-compose.yml, built and run; they need a Docker engine."""
