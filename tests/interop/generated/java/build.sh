# In a folder with pom.xml, src/, and the protos in protos/.
mvn --batch-mode --quiet compile dependency:copy-dependencies
