#!/bin/sh
# The build step of a graded run: there is nothing to build.
