"""What somebody must look at now: the apps say what is alarming, the console shows it."""
