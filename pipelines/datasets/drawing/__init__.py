"""Things that do not exist, painted: cars, animals, people and cartoons, and the places they stand in."""
