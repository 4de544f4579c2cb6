"""Places, people, posts: units, stations, persons, appointments, branches, committees, companies."""
